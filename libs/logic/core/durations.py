"""`duration.*`: durations of ISO 8601, such as P1M or PT36H."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from libs.logic.core.calendars import shifted
from libs.logic.core.registry import Library, Object, Type, Unfit, one_of

functions = Library()

_ISO = re.compile(
    r"""(?P<sign>[+-])? P (?=\d|T\d) (?:(?P<years>\d{1,9})Y)? (?:(?P<months>\d{1,9})M)?
    (?:(?P<weeks>\d{1,9})W)? (?:(?P<days>\d{1,9})D)?
    (?: T (?=\d) (?:(?P<hours>\d{1,9})H)? (?:(?P<minutes>\d{1,9})M)? (?:(?P<seconds>\d{1,9}(?:[.,]\d{1,6})?)S)? )?""",
    re.VERBOSE | re.ASCII,
)
_LETTERS = {"years": "Y", "months": "M", "weeks": "W", "days": "D", "hours": "H", "minutes": "M", "seconds": "S"}
_SECONDS = {
    "week": Decimal(604_800),
    "day": Decimal(86_400),
    "hour": Decimal(3_600),
    "minute": Decimal(60),
    "second": Decimal(1),
    "millisecond": Decimal("0.001"),
}
_MOST = 999_999_999
_PARTS = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in _LETTERS},
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Span:
    """A duration's parts by name, all of one sign; only `seconds` may have a fraction."""

    parts: dict[str, Decimal]

    def added_to(self, moment: datetime, sign: int = 1) -> datetime:
        part = {name: self.parts.get(name, Decimal(0)) * sign for name in _LETTERS}
        return shifted(
            moment,
            months=int(part["years"] * 12 + part["months"]),
            days=int(part["weeks"] * 7 + part["days"]),
            time=timedelta(
                hours=int(part["hours"]), minutes=int(part["minutes"]), microseconds=int(part["seconds"] * 1_000_000)
            ),
        )


def read_span(text: Any) -> Span:
    """ValueError when the text is no duration."""
    found = _ISO.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError
    sign = -1 if found["sign"] == "-" else 1
    told = {name: found[name] for name in _LETTERS if found[name] is not None}
    return Span({name: Decimal(digits.replace(",", ".")) * sign for name, digits in told.items()})


DURATION = Type({"type": "string"}, "an ISO 8601 duration such as P1M or PT36H", read_span)

Duration = Annotated[Span, DURATION]


@functions.action("duration.parse", "Read duration", output=_PARTS)
def parse(
    duration: Annotated[Duration, "The ISO 8601 duration, such as P1DT12H; a leading - negates all of it."],
) -> Any:
    """The parts that a duration names: years, months, weeks, days, hours, minutes and seconds, as numbers."""
    return {name: _number(part) for name, part in duration.parts.items()}


@functions.action("duration.format", "Write duration", output={"type": "string"})
def format_(
    parts: Annotated[
        Object,
        "Any of years, months, weeks, days, hours, minutes (whole numbers) and seconds; none or all are negative.",
    ],
) -> str:
    """Writes the parts of a duration as ISO 8601, as PT36H; without any it is PT0S. Parts aren't carried over."""
    for name, part in parts.items():
        _check_part(name, part)
    given = {name: Decimal(str(parts[name])) for name in _LETTERS if parts.get(name)}
    if any(part < 0 for part in given.values()) and any(part > 0 for part in given.values()):
        raise Unfit("parts", "must not be partly negative")
    told = {name: _written(abs(part)) + _LETTERS[name] for name, part in given.items()}
    days = "".join(text for name, text in told.items() if name in {"years", "months", "weeks", "days"})
    time = "".join(text for name, text in told.items() if name in {"hours", "minutes", "seconds"})
    sign = "-" if any(part < 0 for part in given.values()) else ""
    return f"{sign}P{days}{'T' if time else ''}{time}" if told else "PT0S"


@functions.action("duration.total", "Duration in a unit", output={"type": "number"})
def total(
    duration: Annotated[Duration, "The ISO 8601 duration. Years and months have no fixed length, so they are refused."],
    unit: Annotated[str, one_of(*_SECONDS), "In what to measure; a day has 24 hours."],
) -> Any:
    """How long a duration is in one unit, with fractions."""
    if duration.parts.get("years") or duration.parts.get("months"):
        raise Unfit("duration", "has years or months, whose length depends on where they begin")
    seconds = sum(
        (part * _SECONDS[name.removesuffix("s")] for name, part in duration.parts.items() if part), start=Decimal(0)
    )
    return _number(seconds / _SECONDS[unit])


@functions.condition("duration.is-valid", "Is a duration")
def is_valid(duration: Annotated[Any, Type({}, "any value", lambda value: value), "What to look at."]) -> bool:
    """Whether this is the text of an ISO 8601 duration."""
    try:
        read_span(duration)
    except ValueError:
        return False
    return True


def _check_part(name: str, part: Any) -> None:
    if name not in _LETTERS:
        raise Unfit("parts", f"'{name:.40}' is none of {', '.join(_LETTERS)}")
    if type(part) not in {int, float, type(None)} or not abs(part or 0) <= _MOST:
        raise Unfit("parts", f"'{name}' must be a number of at most {_MOST:,}")
    if name != "seconds" and part is not None and part != int(part):
        raise Unfit("parts", f"'{name}' must be a whole number; only seconds may have a fraction")


def _number(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _written(number: Decimal) -> str:
    """Without an exponent, and with no more than microseconds."""
    text = f"{number:.6f}"
    return text.rstrip("0").rstrip(".")
