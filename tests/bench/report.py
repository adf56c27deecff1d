"""What was measured, as one table for people and one JSON line per figure for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TextIO

import orjson

from tests.bench.compared import Compared

_TITLES = ("", "figure", "product", "bare", "ratio", "target", "", "cpu each", "accounted")
_LEFT = (0, 1, 6, 8)


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is to the bare server, in the direction in which more is better; `target` is what it is held to."""

    key: str
    name: str
    value: float
    unit: str
    bare: float | None = None
    ratio: float | None = None
    target: float | None = None
    accounted: str = ""
    complete: bool = True
    details: dict[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Throughput is held to its ratio, or without one to its value, at least; time and memory at most."""
        if self.target is None:
            return None
        if self.unit == "1/s":
            return (self.value if self.ratio is None else self.ratio) >= self.target
        return self.value <= self.target

    def line(self) -> bytes:
        told = {
            "figure": self.key,
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "bare": _rounded(self.bare),
            "ratio": _rounded(self.ratio),
            "target": self.target,
            "met": self.met,
            "complete": self.complete,
            **{name: round(value, 3) for name, value in self.details.items()},
        }
        return orjson.dumps(told)


def rate(key: str, name: str, compared: Compared, target: float | None, told: str = "") -> Figure:
    return Figure(
        key,
        name,
        compared.per_s,
        "1/s",
        compared.bare_per_s,
        compared.per_s / compared.bare_per_s,
        target,
        accounted=compared.trouble() or told or f"{compared.answered:,} answered",
        complete=compared.clean,
        details=compared.details(),
    )


def write(figures: list[Figure], notes: list[str], stream: TextIO) -> None:
    rows = [_TITLES, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    for row in rows:
        cells = [
            text.ljust(width) if column in _LEFT else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        stream.write("  ".join(cells).rstrip() + "\n")
    stream.write("\n" + "".join(f"{note}\n" for note in notes) + "\n")
    for figure in figures:
        stream.write(figure.line().decode() + "\n")


def _row(figure: Figure) -> tuple[str, ...]:
    sign = {True: "✓", False: "✗", None: ""}[figure.met]
    bare = "" if figure.bare is None else _told(figure.bare, figure.unit)
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    value = _told(figure.value, figure.unit)
    processor = f"{figure.details['processor_ms']:.2f} ms" if "processor_ms" in figure.details else ""
    return (figure.key, figure.name, value, bare, ratio, _target(figure), sign, processor, figure.accounted)


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    if figure.unit == "1/s" and figure.ratio is not None:
        return f"≥ {figure.target:.2f}"
    return f"{'≥' if figure.unit == '1/s' else '≤'} {_told(figure.target, figure.unit)}"


def _told(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
