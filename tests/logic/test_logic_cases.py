"""The public case files hold for this implementation, and the runner tells when they don't for another."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

from libs.logic.cases import groups, ours, read
from libs.logic.cases.__main__ import other, run
from libs.logic.sandbox.pool import SandboxPool

CASES = {group: read(group) for group in groups()}


@pytest.mark.parametrize("group", CASES)
async def test_every_case_of_the_file_holds(group: str, pool: SandboxPool) -> None:
    failed = {}
    for case in CASES[group]:
        outcome = await ours.outcome(case, pool)
        if not case.holds(outcome):
            failed[case.name] = (case.expected, outcome)
    assert failed == {}


def test_names_are_unique_in_a_file() -> None:
    for cases in CASES.values():
        assert [name for name, count in Counter(case.name for case in cases).items() if count > 1] == []


_ANSWERS_FIVE = """
import sys
for line in sys.stdin:
    print('{"result": 5}', flush=True)
"""


async def test_another_implementation_is_asked_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "five.py"
    program.write_text(_ANSWERS_FIVE)
    async with asyncio.timeout(10), other(f"{sys.executable} {program}") as ask:
        assert not await run(ask, {"literal": CASES["literal"]})
    told = capsys.readouterr().out
    assert "FAILED literal: null is itself" in told
    assert "FAILED literal: a number is itself" not in told


@pytest.mark.parametrize("program", ["import sys; sys.stdin.readline()", "print('no JSON', flush=True); input()"])
async def test_one_that_does_not_answer_is_told_with_the_case(tmp_path: Path, program: str) -> None:
    (tmp_path / "mute.py").write_text(program)
    with pytest.raises(SystemExit, match="did not answer literal: a number is itself"):
        async with asyncio.timeout(10), other(f"{sys.executable} {tmp_path / 'mute.py'}") as ask:
            await run(ask, {"literal": CASES["literal"]})
