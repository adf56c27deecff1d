"""Patterns are weighed before they are used, and told what is wrong with them."""

import pytest

from libs.logic.core import LIBRARY
from libs.logic.core.patterns import compiled
from libs.logic.core.registry import Unfit
from libs.logic.errors import LogicError

EXPLODING = "(?:a|b)*a(?:a|b){200}c"


def is_large(name: str, string: str, pattern: str) -> bool:
    return LIBRARY[name].is_large({"string": string, "pattern": pattern, "replacement": ""})


def test_ordinary_patterns_stay_in_place() -> None:
    email = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,24}$"
    assert not is_large("string.matches", "ada@example.com", email)
    assert not is_large("string.matches", "a" * 40_000, "b")
    assert not is_large("string.replace", "a b " * 200, r"\s+")
    assert not is_large("string.split-pattern", "a1b2" * 200, "[0-9]")


def test_a_pattern_that_may_take_long_goes_to_a_process() -> None:
    assert is_large("string.matches", "a" * 2_000, EXPLODING)
    assert is_large("string.replace", "a" * 1_000, "a(?:.*b)?")
    assert is_large("string.match-all", "a" * 10_000, "a")
    assert is_large("string.matches", "a", r"\pL{1,10}")
    assert is_large("string.matches", "a", r"[\pL\pN]" * 5)


def test_what_is_refused_anyway_stays_in_place() -> None:
    assert not is_large("string.matches", "a" * 2_000, "(")
    assert not is_large("string.matches", "a", "a" * 3_000)
    assert not LIBRARY["string.matches"].is_large(None)
    assert not LIBRARY["string.matches"].is_large({"string": 5, "pattern": "a"})
    assert not LIBRARY["string.matches"].is_large({"string": "a", "pattern": 5})


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "re2 has no look-ahead"),
        ("a(?!b)", "re2 has no look-ahead"),
        ("(?<=a)b", "re2 has no look-behind"),
        ("(?<!a)b", "re2 has no look-behind"),
        (r"(a)\1", "re2 has no back-references"),
        ("(a", "missing )"),
        (r"\pL{1000}", "is too large"),
        ("a" * 2_001, "longer than 2,000 characters"),
    ],
)
def test_a_pattern_that_cant_be_used_is_told_why(pattern: str, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unfit, match="pattern") as refused:
        compiled(pattern)
    assert reason in refused.value.message
    assert capfd.readouterr() == ("", "")


def test_a_replacement_that_names_no_group_is_told_what_to_write() -> None:
    with pytest.raises(LogicError, match=r"replacement: names the group 5.*write \$\$ for a \$"):
        LIBRARY["string.replace"].call({"string": "PRICE", "pattern": "PRICE", "replacement": "$5"})
