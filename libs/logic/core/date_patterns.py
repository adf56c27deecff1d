"""Patterns of dates in the letters of Unicode's LDML, such as `yyyy-MM-dd HH:mm`, with English names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import re2

from libs.logic.core.iso_dates import MONTHS, WEEKDAYS, on_clock, write_offset
from libs.logic.core.zones import offset_zone

LONGEST = 200

_PIECE = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|[^A-Za-z']+")


class Unusable(Exception):
    """A pattern that can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """A letter: how often it may be repeated, how it is written, and the expression that reads it."""

    widths: tuple[int, ...]
    write: Callable[[datetime, int], str]
    read: Callable[[int], str] | None = None


def write(moment: datetime, pattern: str) -> str:
    return "".join(_FIELDS[part].write(moment, width) if width else part for part, width in _parts(pattern))


def read(text: str, pattern: str) -> datetime:
    """Without an offset in the pattern the answer has no zone; ValueError when the text doesn't fit."""
    found = _reader(pattern).fullmatch(text)
    if found is None:
        raise ValueError
    told = {name[0]: _digits_or_name(name, value) for name, value in found.groupdict().items()}
    wall = on_clock(_day(told), _clock(told))
    offset = next((told[letter] for letter in "XxZ" if letter in told), None)
    return wall if offset is None else wall.replace(tzinfo=_zone(offset))


@lru_cache(maxsize=512)
def _parts(pattern: str) -> tuple[tuple[str, int], ...]:
    """Letters with how often they are repeated, and what stands for itself with 0."""
    if len(pattern) > LONGEST:
        raise Unusable(f"must have at most {LONGEST} characters")
    parts: list[tuple[str, int]] = []
    position = 0
    while position < len(pattern):
        found = _PIECE.match(pattern, position)
        if found is None:
            raise Unusable("has a quote that isn't closed")
        parts.append(_part(found))
        position = found.end()
    return tuple(parts)


def _part(found: re.Match[str]) -> tuple[str, int]:
    quoted, letters, letter = found.groups()
    if quoted is not None:
        return quoted.replace("''", "'") or "'", 0
    if letters is None:
        return found[0], 0
    if letter not in _FIELDS or len(letters) not in _FIELDS[letter].widths:
        known = ", ".join(name * max(field.widths) for name, field in _FIELDS.items())
        raise Unusable(f"has '{letters:.9}', which means nothing: it may have {known} or shorter, other text in '…'")
    return letter, len(letters)


@lru_cache(maxsize=512)
def _reader(pattern: str) -> Any:
    expression = ""
    letters: list[str] = []
    for part, width in _parts(pattern):
        if not width:
            expression += re2.escape(part)
            continue
        as_read = _FIELDS[part].read
        if as_read is None or part in letters:
            raise Unusable(f"has '{part}', which can't be read" if as_read is None else f"has '{part}' twice")
        letters.append(part)
        expression += f"(?P<{part * width}>{as_read(width)})"
    if "y" not in letters or ("h" in letters) != ("a" in letters) or {"h", "H"} <= set(letters):
        raise Unusable("must have a year ('y'), and 'h' only together with 'a' and without 'H'")
    return re2.compile(f"(?i:{expression})")


def _digits_or_name(field: str, text: str) -> str:
    """What was read as digits, but for day names and offsets."""
    if field == "yy":
        return f"{'19' if text >= '70' else '20'}{text}"
    if field in {"MMM", "MMMM"}:
        return str(_index(MONTHS, text) + 1)
    return text


def _day(told: dict[str, str]) -> date:
    year = int(told["y"])
    day = date(year, int(told.get("M", 1)), int(told.get("d", 1)))
    if "D" in told:
        day = date(year, 1, 1) + timedelta(days=int(told["D"]) - 1)
    if day.year != year or ("E" in told and _index(WEEKDAYS, told["E"]) != day.weekday()):
        raise ValueError
    return day


def _clock(told: dict[str, str]) -> dict[str, str | None]:
    hour = int(told.get("H", 0))
    if "h" in told:
        if not 1 <= int(told["h"]) <= 12:
            raise ValueError
        hour = int(told["h"]) % 12 + (12 if told["a"].lower() == "pm" else 0)
    return {"hour": str(hour), "minute": told.get("m"), "second": told.get("s"), "fraction": told.get("S")}


def _zone(offset: str) -> Any:
    if offset in {"Z", "z"}:
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    if digits[2:] > "59":
        raise ValueError
    return offset_zone(timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if offset[0] == "-" else 1))


def _index(names: tuple[str, ...], text: str) -> int:
    return [name[: len(text)].lower() for name in names].index(text.lower())


def _number(part: Callable[[datetime], int], *, widths: tuple[int, ...] = (1, 2), most: int = 2) -> Field:
    def as_read(width: int) -> str:
        return rf"\d{{1,{most}}}" if width == 1 else rf"\d{{{width}}}"

    return Field(widths, lambda moment, width: str(part(moment)).zfill(width), as_read)


def _year(part: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda moment, width: f"{part(moment) % 100:02}" if width == 2 else str(part(moment)).zfill(width)


def _month(moment: datetime, width: int) -> str:
    return str(moment.month).zfill(width) if width < 3 else _short(MONTHS[moment.month - 1], width)


def _short(name: str, width: int) -> str:
    return name if width == 4 else name[:3]


def _names(names: tuple[str, ...], width: int) -> str:
    return "|".join(_short(name, width) for name in names)


def _offset(letter: str) -> Field:
    def written(moment: datetime, width: int) -> str:
        text = write_offset(moment)
        if letter == "X" and text == "+00:00":
            return "Z"
        if width == 3:
            return text
        digits = text.replace(":", "")
        return digits[:3] if width == 1 and letter != "Z" and digits.endswith("00") else digits

    def as_read(width: int) -> str:
        digits = (r"\d{4}" if letter == "Z" else r"\d{2}(?:\d{2})?", r"\d{4}", r"\d{2}:\d{2}")[width - 1]
        return f"{'Z|' if letter == 'X' else ''}[+-]{digits}"

    return Field((1,) if letter == "Z" else (1, 2, 3), written, as_read)


_FIELDS = {
    "y": Field(
        (1, 2, 4), _year(lambda moment: moment.year), lambda width: (r"\d{1,4}", r"\d\d", "", r"\d{4}")[width - 1]
    ),
    "M": Field(
        (1, 2, 3, 4), _month, lambda width: (r"\d\d?", r"\d\d", _names(MONTHS, 3), _names(MONTHS, 4))[width - 1]
    ),
    "d": _number(lambda moment: moment.day),
    "D": _number(lambda moment: moment.timetuple().tm_yday, widths=(1, 3), most=3),
    "E": Field(
        (1, 2, 3, 4),
        lambda moment, width: _short(WEEKDAYS[moment.weekday()], width),
        lambda width: _names(WEEKDAYS, width),
    ),
    "a": Field((1,), lambda moment, _: "AM" if moment.hour < 12 else "PM", lambda _: "AM|PM"),
    "H": _number(lambda moment: moment.hour),
    "h": _number(lambda moment: moment.hour % 12 or 12),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "S": Field(
        tuple(range(1, 10)),
        lambda moment, width: f"{moment.microsecond:06}000"[:width],
        lambda width: rf"\d{{{width}}}",
    ),
    "X": _offset("X"),
    "x": _offset("x"),
    "Z": _offset("Z"),
    "Q": Field((1,), lambda moment, _: str((moment.month + 2) // 3)),
    "w": Field((1, 2), lambda moment, width: str(moment.isocalendar().week).zfill(width)),
    "Y": Field((1, 2, 4), _year(lambda moment: moment.isocalendar().year)),
}
