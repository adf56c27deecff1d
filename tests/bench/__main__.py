"""`python -m tests.bench`: measures the product beside a bare aiohttp server. Fails only when an id is lost."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import engines as on_engines
from tests.bench.figures import FIGURES, generator_ceiling
from tests.bench.report import Figure, write
from tests.bench.stage import Effort, stage
from tests.bench.subject import BODY_BYTES

_FULL = Effort(rounds=3, seconds=2.5, paced_seconds=10.0, starts=5, notifications=100_000, components=100_000)
_QUICK = Effort(rounds=1, seconds=2.0, paced_seconds=3.0, starts=2, notifications=5_000, components=5_000)


async def measure(keys: list[str], effort: Effort, directory: Path) -> tuple[list[Figure], list[str]]:
    """The figures asked for, and how they were taken."""
    figures: list[Figure] = []
    async with stage(effort, directory) as everything:
        ceiling_per_s = await generator_ceiling(everything)
        for key in keys:
            started_s = time.monotonic()
            figures += await FIGURES[key](everything)
            sys.stderr.write(f"({key}) measured in {time.monotonic() - started_s:.0f} s\n")
    return figures, _notes(figures, effort, ceiling_per_s)


def _notes(figures: list[Figure], effort: Effort, ceiling_per_s: float) -> list[str]:
    shares = [figure.details["generator_share"] for figure in figures if "generator_share" in figure.details]
    used = f", and used at most {max(shares):.0%} of a core here" if shares else ""
    return [
        f"{os.cpu_count()} cores shared by all; 32 callers; signed webhooks of {BODY_BYTES} bytes; all writes durable; "
        f"medians of {effort.rounds} rounds of {effort.seconds:g} s, product and bare aiohttp in turn.",
        f"The load generator does {ceiling_per_s:,.0f}/s against a server as lean as itself{used}.",
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter rounds, fewer notifications: within a minute")
    parser.add_argument("--engines", action="store_true", help="on a MongoDB and a Kafka, a process per role")
    parser.add_argument("--only", default=",".join(FIGURES), help="the figures to take, for example a,b")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.only.split(",")) - set(FIGURES))
    if unknown:
        parser.error(f"no figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    return arguments


def main() -> int:
    arguments = _arguments()
    effort = _QUICK if arguments.quick else _FULL
    scratch = Path("data")
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="bench-") as directory:
        if arguments.engines:
            return int(
                not asyncio.run(on_engines.measure(arguments.only.split(","), effort, Path(directory), sys.stdout))
            )
        figures, notes = asyncio.run(measure(arguments.only.split(","), effort, Path(directory)))
    write(figures, notes, sys.stdout)
    return 0 if all(figure.complete for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
