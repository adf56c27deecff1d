"""`make fuzz`: random logic for a while; prints what was evaluated, and the first thing that doesn't hold."""

import argparse
import asyncio
import random
import secrets
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from libs.logic.sandbox.pool import SandboxPool
from tests.fuzz.rounds import Failure, Rounds, Tally

# Of the time; plain data is what the most of can be evaluated.
SHARES = {"data": 0.55, "functions": 0.15, "nodes": 0.1, "scripts": 0.12, "expressions": 0.08}
_MOST_BYTES = 1 << 30
_TELL_S = 30.0


async def fuzz(seed: str, seconds: float, shares: dict[str, float], *, first_round: int = 0, rounds: int = 0) -> Tally:
    """Runs rounds of each kind until the time is over, or so many. Raises Failure."""
    tally, pool = Tally(), SandboxPool()
    await pool.start()
    made = Rounds(pool, tally)
    spent_s = dict.fromkeys(shares, 0.0)
    began_s = told_s = time.monotonic()
    number = first_round
    try:
        while (now_s := time.monotonic()) < began_s + seconds and (not rounds or number < first_round + rounds):
            kind = min(shares, key=lambda each: spent_s[each] / shares[each])
            await _round(made, f"{seed}:{kind}:{number}", kind)
            spent_s[kind] += time.monotonic() - now_s
            number += 1
            _check_memory(pool)
            if time.monotonic() - told_s > _TELL_S:
                told_s = time.monotonic()
                tell(tally, told_s - began_s)
    finally:
        await pool.close()
    return tally


async def _round(rounds: Rounds, name: str, kind: str) -> None:
    try:
        await rounds.kinds[kind](random.Random(name))
    except Failure as failure:
        failure.args = (f"{failure.what} (round {name})",)
        raise


def _check_memory(pool: SandboxPool) -> None:
    for pid in ("self", *map(str, pool.pids)):
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):  # it has just ended, or this is not Linux
            continue
        if pages * 4096 > _MOST_BYTES:
            raise Failure(f"process {pid} takes {pages * 4096 >> 20} MB of memory", None, None)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tell(tally: Tally, took_s: float) -> None:
    total = sum(tally.evaluations.values())
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(tally.evaluations.items()))
    _say(f"{total:,} evaluations in {took_s:.0f} s, {total / max(took_s, 0.001):,.0f}/s: {kinds}")


def _tell_ends(tally: Tally) -> None:
    _say("ended as: " + ", ".join(f"{code} {count:,}" for code, count in tally.ends.most_common()))
    for what, (took_s, case) in tally.longest_s.items():
        _say(f"longest {what}: {took_s * 1000:.0f} ms, {case}")


def _tell_failure(failure: Failure) -> None:
    _say(f"\nFAILED: {failure}\nwith: {failure.case!r}")
    if failure.cause is not None:
        traceback.print_exception(failure.cause, limit=-6, file=sys.stdout)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seed", default=None, help="to do the same again; printed at the start")
    parser.add_argument("--kind", choices=SHARES, default=None, help="only this kind")
    parser.add_argument("--round", type=int, default=None, help="only this round, as a failure names it")
    given = parser.parse_args(arguments)
    seed = given.seed or secrets.token_hex(4)
    shares = {given.kind: 1.0} if given.kind else SHARES
    _say(f"seed {seed}")
    began_s = time.monotonic()
    try:
        tally = asyncio.run(
            fuzz(seed, given.seconds, shares, first_round=given.round or 0, rounds=given.round is not None)
        )
    except Failure as failure:
        _tell_failure(failure)
        return 1
    tell(tally, time.monotonic() - began_s)
    _tell_ends(tally)
    return 0


if __name__ == "__main__":
    sys.exit(main())
