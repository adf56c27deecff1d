"""Runs the public cases and says which fail: `python -m libs.logic.cases [--command PROGRAM] [group ...]`.

With `--command` another implementation is asked: it gets one case per line on standard input, as JSON with
`node` and `context`, and answers each with a line `{"result": …}` or `{"error": {"code": …, "path": […]}}`.
"""

import argparse
import asyncio
import shlex
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import orjson

from libs.logic.cases import Case, groups, ours, read
from libs.logic.sandbox.pool import SandboxPool

_LONGEST_LINE_BYTES = 64 << 20
_LONGEST_CASE_S = 60


class Implementation(Protocol):
    async def __call__(self, case: Case) -> dict[str, Any]:
        """`{result}` or `{error}`."""


@asynccontextmanager
async def ours_in_a_sandbox() -> AsyncIterator[Implementation]:
    pool = SandboxPool(size=1)
    await pool.start()
    try:
        yield lambda case: ours.outcome(case, pool)
    finally:
        await pool.close()


@asynccontextmanager
async def other(command: str) -> AsyncIterator[Implementation]:
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE_BYTES,
    )
    asked, answers = process.stdin, process.stdout
    if asked is None or answers is None:
        raise OSError(f"{command!r} can't be talked to")

    async def ask(case: Case) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_LONGEST_CASE_S):
                asked.write(orjson.dumps({"node": case.node, "context": case.context}) + b"\n")
                await asked.drain()
                return dict(orjson.loads(await answers.readline()))
        except (OSError, TimeoutError, ValueError) as error:
            raise SystemExit(f"{command!r} did not answer {case.group}: {case.name} ({error!r})") from None

    try:
        yield ask
    finally:
        asked.close()
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def run(implementation: Implementation, files: Mapping[str, Sequence[Case]]) -> bool:
    """Prints what fails and how many of each file hold; whether all do."""
    failed = 0
    for group, cases in files.items():
        wrong = sum([not await _holds(implementation, case) for case in cases])
        failed += wrong
        _say(f"{group:32} {len(cases) - wrong:5} of {len(cases)} hold")
    _say(f"{sum(map(len, files.values())) - failed} passed, {failed} failed")
    return failed == 0


async def _holds(implementation: Implementation, case: Case) -> bool:
    outcome = await implementation(case)
    if not case.holds(outcome):
        _say(f"FAILED {case.group}: {case.name}\n  expected {_json(case.expected)}\n  but got  {_json(outcome)}")
        return False
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def main(arguments: argparse.Namespace, files: Mapping[str, Sequence[Case]]) -> int:
    implementation = other(arguments.command) if arguments.command else ours_in_a_sandbox()
    async with implementation as ask:
        return 0 if await run(ask, files) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m libs.logic.cases", description="Run the language's public cases.")
    parser.add_argument("--command", help="a program that evaluates cases; without it this implementation does")
    parser.add_argument("group", nargs="*", help=f"only these files of cases: {', '.join(groups())}")
    asked = parser.parse_args()
    unknown = set(asked.group) - set(groups())
    if unknown:
        parser.error(f"there is no file of cases {', '.join(sorted(unknown))}")
    sys.exit(asyncio.run(main(asked, {group: read(group) for group in asked.group or groups()})))
