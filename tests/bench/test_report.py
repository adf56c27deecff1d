"""What a figure is held to: rates at least, times and memory at most."""

from __future__ import annotations

import io

import pytest

from tests.bench.report import Figure, write


@pytest.mark.parametrize(
    ("figure", "met", "target"),
    [
        (Figure("x", "rate beside a bare one", 10.0, "1/s", 20.0, 0.5, 0.4), True, "≥ 0.40"),
        (Figure("x", "rate beside a bare one", 10.0, "1/s", 20.0, 0.5, 0.6), False, "≥ 0.60"),
        (Figure("x", "rate by itself", 3_000.0, "1/s", target=2_500.0), True, "≥ 2,500 1/s"),
        (Figure("x", "rate by itself", 2_000.0, "1/s", target=2_500.0), False, "≥ 2,500 1/s"),
        (Figure("x", "time", 1.5, "ms", target=1.0), False, "≤ 1.00 ms"),
        (Figure("x", "memory", 20.0, "MB", target=30.0), True, "≤ 30.00 MB"),
        (Figure("x", "nothing to hold it to", 1.0, "MB"), None, ""),
    ],
)
def test_a_figure_is_held_to_its_target(figure: Figure, met: bool | None, target: str) -> None:
    assert figure.met is met
    table = io.StringIO()
    write([figure], [], table)
    assert target in table.getvalue().splitlines()[1]
