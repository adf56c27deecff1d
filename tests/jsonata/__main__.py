"""Runs JSONata's own test cases through the sandbox: `make jsonata-cases` (needs cargo)."""

import asyncio
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from libs.logic.budget import Budget, Meter
from libs.logic.errors import LogicError
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Computation
from tests.jsonata.known import KNOWN
from tests.jsonata.suite import Case, fetch, read

_BUDGET = Budget(cpu_s=5.0)
_CODES = {"budget_exceeded": "U1001"}


async def outcome(case: Case, pool: SandboxPool) -> dict[str, Any]:
    """`{value}` or `{code, message}`; a budget that runs out is told by the code that JSONata has for it."""
    meter = Meter(_BUDGET, asyncio.get_running_loop().time())
    try:
        return {"value": await pool.compute(Computation("expression", case.expression, case.source, meter))}
    except LogicError as error:
        code = error.details.get("code", "")
        return {"code": "U1001" if code == "D1011" else _CODES.get(error.code, code), "message": error.message}


async def failures(cases: list[Case]) -> dict[str, list[tuple[Case, dict[str, Any]]]]:
    """What doesn't hold, by group."""
    pool = SandboxPool(size=1)
    found: dict[str, list[tuple[Case, dict[str, Any]]]] = defaultdict(list)
    try:
        for case in cases:
            told = await outcome(case, pool)
            if not case.holds(told):
                found[case.group].append((case, told))
    finally:
        await pool.close()
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        cases = list(read(fetch(Path(folder))))
    found = asyncio.run(failures(cases))
    unknown = 0
    for group, failed in found.items():
        for case, told in failed:
            reason = KNOWN.get(f"{group}/{case.name}")
            unknown += reason is None
            _say(f"{group}/{case.name}: {reason or f'UNKNOWN: {case.expression!r} {case.expected} but {told}'}")
    count = sum(map(len, found.values()))
    _say(f"{len(cases) - count} passed, {count} failed")
    return 1 if unknown else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
