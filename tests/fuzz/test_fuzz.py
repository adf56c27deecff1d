"""A taste of `make fuzz`, and its own judgement: what it would call broken."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tests.fuzz.__main__ import SHARES, fuzz
from tests.fuzz.checks import Broken, check_result, smallest


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
