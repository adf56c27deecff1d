"""Whether a value is among what can be chosen."""

from __future__ import annotations

from typing import Any

import pytest

from services.executor.choices import is_chosen

OFFERED = [{"label": "a", "value": value} for value in (1, "1", None, 2.5, {"id": 1, "of": [1.0]})] + [
    {"label": "x"},
    5,
]


@pytest.mark.parametrize(
    "value", [1, 1.0, "1", None, 2.5, {"of": [1], "id": 1.0}, [1, "1"], [], [{"id": 1, "of": [1]}, None]]
)
def test_equal_values_are_chosen_in_whatever_way_they_are_written(value: Any) -> None:
    assert is_chosen(value, OFFERED)


@pytest.mark.parametrize("value", [True, 2, "", 5, 1e300, {"id": 1}, [1, 2], {"id": 1, "of": [1], "more": 0}])
def test_others_are_not(value: Any) -> None:
    assert not is_chosen(value, OFFERED)


def test_many_are_compared_with_many_in_no_time() -> None:
    offered = [{"label": str(n), "value": {"id": n}} for n in range(20_000)]
    assert is_chosen([{"id": n} for n in range(20_000)], offered)
