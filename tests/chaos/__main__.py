"""`make test-chaos`: faults under load, in both forms of the product, and an account of every acknowledged webhook."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from tests.chaos.run import run
from tests.chaos.systems import embedded, on_engines

_FORMS = {
    "embedded": (embedded, "one process on the embedded engines"),
    "engines": (on_engines, "a process per role on MongoDB and Kafka"),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    one = parser.add_mutually_exclusive_group()
    for name, (_, says) in _FORMS.items():
        one.add_argument(f"--{name}", dest="forms", action="store_const", const=[name], help=f"only {says}")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long faults go on in each form")
    parser.add_argument("--rate", type=float, default=50.0, help="webhooks a second")
    parser.add_argument("--seed", type=int, default=None, help="of the faults and their order")
    parser.set_defaults(forms=list(_FORMS))
    return parser.parse_args()


async def main(arguments: argparse.Namespace) -> int:
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    good = True
    for name in arguments.forms:
        chance = random.Random(seed)
        sys.stdout.write(f"{name}: {arguments.seconds:g} s at {arguments.rate:g}/s, seed {seed}\n")
        async with _FORMS[name][0](chance) as system:
            account = await run(system, chance, seconds=arguments.seconds, rate_per_s=arguments.rate, tell=_tell)
            _tell(account.told())
            if not account.good:
                good = False
                sys.stderr.write(system.output() + "\n")
    return 0 if good else 1


def _tell(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_arguments())))
