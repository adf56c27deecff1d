"""A taste of `make fuzz`, and its own judgement: what it would call broken."""

import asyncio
import time
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from libs.logic.errors import LogicError
from tests.fuzz.__main__ import SHARES, fuzz
from tests.fuzz.checks import Broken, Turns, check_cause, check_result, smallest


@pytest.mark.parametrize("kind", SHARES)
async def test_random_logic_does_nothing_but_answer_or_fail(kind: str) -> None:
    tally = await fuzz("taste", 20, {kind: 1.0}, rounds=1)
    assert tally.evaluations[kind] > 50


@pytest.mark.parametrize(
    "value",
    [(1,), {1}, {"a": date(2024, 1, 1)}, [UUID(int=1)], float("nan"), [float("inf")], b"a", 2**70, "\ud800", {1: 2}],
)
def test_what_is_no_json_value_is_found(value: Any) -> None:
    with pytest.raises(Broken):
        check_result([value], 1000)


@pytest.mark.parametrize("value", [None, True, 0, -0.0, 1.5, "é", [], {}, [{"a": [1, None]}]])
def test_json_values_pass(value: Any) -> None:
    check_result(value, 1000)


def test_a_result_beyond_the_budget_is_found() -> None:
    with pytest.raises(Broken, match="takes 1,002 bytes"):
        check_result("x" * 1000, 500)


async def test_what_fails_is_made_small() -> None:
    async def fails(node: Any) -> bool:
        return "bad" in str(node)

    assert await smallest({"a": [1, {"b": "a bad text"}], "c": 2}, fails) == "bad"


def test_an_accident_is_found_behind_the_error_that_is_told_of_it() -> None:
    check_cause(LogicError("http_error", "It can't be reached."))
    told, outer = LogicError("invalid_input", "It can't work."), LogicError("invalid_input", "It can't work.")
    told.__cause__, outer.__cause__ = KeyError("a"), told
    with pytest.raises(KeyError):
        check_cause(outer)


async def test_the_longest_turn_of_the_event_loop_is_found() -> None:
    with Turns() as turns:
        await asyncio.sleep(0)
        until_s = time.thread_time() + 0.02
        while time.thread_time() < until_s:
            pass
        await asyncio.sleep(0)
    assert turns.longest_s >= 0.02
