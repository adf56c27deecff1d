"""`date.*`: moments as ISO 8601 texts, read, written and reckoned with in the calendar of any time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Any

from libs.logic.core import date_patterns
from libs.logic.core.calendars import (
    UNITS,
    days_in_month,
    days_of_workdays,
    end_of,
    shifted,
    shifted_by,
    start_of,
    whole_units,
)
from libs.logic.core.durations import Duration
from libs.logic.core.iso_dates import read_iso, read_rfc_2822, write_iso, write_offset, write_rfc_2822
from libs.logic.core.moments import (
    DATE,
    Moment,
    Moments,
    OfCalendar,
    OfTexts,
    Zone,
    both,
    from_epoch,
    instants,
    micros_since_epoch,
    now,
    within_years,
)
from libs.logic.core.registry import LARGE_BYTES, Integer, Library, Number, Object, Schema, Text, Unfit, one_of
from libs.logic.core.zones import placed, settled

functions = Library()

_INTEGER = {"type": "integer"}
_DATE_OR_NULL = {**DATE, "type": ["string", "null"]}
# Each takes some microseconds to read.
_MANY_DATES_BYTES = 2 << 10
_READERS: dict[str, Callable[[str], datetime]] = {"iso": read_iso, "rfc2822": read_rfc_2822}
_PROFILES: dict[str, Callable[[datetime], str]] = {
    "iso": write_iso,
    "date": lambda moment: moment.date().isoformat(),
    "time": lambda moment: moment.time().isoformat("seconds"),
    "basic": lambda moment: date_patterns.write(moment, "yyyyMMdd'T'HHmmssXX"),
    "week": lambda moment: date_patterns.write(moment, "YYYY-'W'ww-") + str(moment.isoweekday()),
    "ordinal": lambda moment: date_patterns.write(moment, "yyyy-DDD"),
    "rfc2822": write_rfc_2822,
    "http": lambda moment: write_rfc_2822(moment.astimezone(UTC)).replace("+0000", "GMT"),
}
_EPOCH_UNITS = {"second": 1_000_000, "millisecond": 1_000}
_COMPONENTS = ("year", "month", "day", "hour", "minute", "second", "millisecond")
_FIRST = {"month": 1, "day": 1}

_DIGITS = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)

Unit = Annotated[str, one_of(*UNITS)]
EpochUnit = Annotated[str, one_of(*_EPOCH_UNITS)]
Pattern = Annotated[
    Text,
    "A pattern of Unicode's letters: y year, M month, d day, E weekday, H hour, h with a (AM, PM), m minute, s second, "
    "S fraction, X or x or Z offset, D day of the year; to write also Q, w and Y (ISO week and its year). "
    "yyyy-MM-dd HH:mm is an example; other text stands in '…'. Names are English.",
]


def _action(
    name: str, label: str, output: Schema = DATE, large_bytes: int = LARGE_BYTES
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    declare = functions.action(name, label, output=output, large_bytes=large_bytes)
    return lambda run: declare(within_years(run))


@_action("date.now", "Now")
def now_(zone: Annotated[Zone, "On whose clocks to tell it; by default UTC."] | None = None) -> str:
    """The present moment, to the millisecond."""
    return write_iso(placed(now(), zone))


@_action("date.today", "Today", {"type": "string", "format": "date"})
def today(zone: Annotated[Zone, "In which zone; by default UTC."] | None = None) -> str:
    """The present day, without a time."""
    return placed(now(), zone).date().isoformat()


@_action("date.parse", "Read date")
def parse(
    string: Annotated[Text, "The text to read."],
    format: Annotated[
        str,
        one_of("iso", "rfc2822", "seconds", "milliseconds"),
        "What form it has: ISO 8601, RFC 2822 as in e-mails and HTTP, or seconds or milliseconds since 1970.",
    ] = "iso",
    pattern: Pattern | None = None,
    zone: OfTexts | None = None,
) -> str:
    """Reads a date from a text in one of several forms, or by a pattern, which goes before the form.

    Of ISO 8601 it takes days as 2024-03-10, 20240310, 2024-03, 2024-W10-7 and 2024-070, alone or with T or a space and
    a time as 09, 09:30, 09:30:15.123 or 093015, and an offset as Z, +01, +0100 or +01:00. A leap second is refused.
    """
    try:
        if pattern is not None:
            moment = date_patterns.read(string, pattern)
        elif format in _READERS:
            moment = _READERS[format](string)
        else:
            moment = _read_epoch(string, _EPOCH_UNITS[format.removesuffix("s")])
    except ValueError:
        told = "the pattern asks for" if pattern is not None else f"'{format}' asks for"
        raise Unfit("string", f"must be a date as {told}") from None
    except date_patterns.Unusable as unusable:
        raise Unfit("pattern", str(unusable)) from None
    return write_iso(placed(moment, zone if moment.tzinfo is None else None))


@_action("date.format", "Write date", {"type": "string"})
def format_(
    date: Moment,
    format: Annotated[
        str,
        one_of(*_PROFILES),
        "The form: iso, its date or time alone, basic (20240310T093000Z), week (2024-W10-7), ordinal (2024-070), "
        "rfc2822, or http.",
    ] = "iso",
    pattern: Pattern | None = None,
    zone: OfCalendar | None = None,
) -> str:
    """Writes a date in a common form, or by a pattern, which goes before the form."""
    moment = placed(date, zone)
    if pattern is None:
        return _PROFILES[format](moment)
    try:
        return date_patterns.write(moment, pattern)
    except date_patterns.Unusable as unusable:
        raise Unfit("pattern", str(unusable)) from None


@_action("date.add", "Add to date")
def add(
    date: Moment,
    amount: Annotated[Integer, "How many; negative to go back."],
    unit: Annotated[Unit, "Of what."],
    zone: OfCalendar | None = None,
) -> str:
    """Moves a date by a number of units. After years, quarters and months the day is at most the month's last.

    Days and longer keep the time on the clock; hours and shorter count as they pass. A time that the clocks skip
    becomes later by what they skip, of one that they show twice the first is taken.
    """
    return write_iso(shifted_by(placed(date, zone), amount, unit))


@_action("date.subtract", "Subtract from date")
def subtract(
    date: Moment,
    amount: Annotated[Integer, "How many."],
    unit: Annotated[Unit, "Of what."],
    zone: OfCalendar | None = None,
) -> str:
    """Moves a date back by a number of units, as `date.add` does."""
    return write_iso(shifted_by(placed(date, zone), -amount, unit))


@_action("date.add-duration", "Add duration to date")
def add_duration(
    date: Moment,
    duration: Annotated[Duration, "An ISO 8601 duration such as P1M2DT12H; a leading - goes back."],
    zone: OfCalendar | None = None,
) -> str:
    """Moves a date by a duration: its months first, then its days, then its hours and shorter, as `date.add` does."""
    return write_iso(duration.added_to(placed(date, zone)))


@_action("date.subtract-duration", "Subtract duration from date")
def subtract_duration(
    date: Moment,
    duration: Annotated[Duration, "An ISO 8601 duration such as P1M2DT12H."],
    zone: OfCalendar | None = None,
) -> str:
    """Moves a date back by a duration: its months first, then its days, then its hours and shorter."""
    return write_iso(duration.added_to(placed(date, zone), -1))


@_action("date.add-workdays", "Add working days")
def add_workdays(
    date: Moment,
    days: Annotated[Integer, "How many days from Monday to Friday; negative to go back."],
    zone: OfCalendar | None = None,
) -> str:
    """Moves a date by days from Monday to Friday and keeps the time on the clock. Holidays aren't known.

    A Saturday or Sunday counts as the Friday before it, or as the Monday after it when going back.
    """
    moment = placed(date, zone)
    return write_iso(shifted(moment, days=days_of_workdays(moment.weekday(), days)))


@_action("date.difference", "Difference of dates", _INTEGER)
def difference(
    from_: Annotated[Moment, "The date to count from, as ISO 8601."],
    to: Annotated[Moment, "The date to count to, as ISO 8601."],
    unit: Annotated[Unit, "What to count."],
    zone: Annotated[Zone, "On whose clocks; by default those of the first date's offset, or UTC."] | None = None,
) -> int:
    """How many whole units lie between two dates; negative if the second is earlier.

    Days and longer are counted on the clock, so a day on which the clocks change is one day; hours and shorter as
    they pass.
    """
    start, end = both(from_, to, zone)
    return whole_units(start, end, unit)


@_action("date.start-of", "Start of")
def start(
    date: Moment, unit: Annotated[Unit, "Of what; a week starts on Monday."], zone: OfCalendar | None = None
) -> str:
    """The first moment of the year, month, week, day, hour … in which a date lies."""
    return write_iso(start_of(placed(date, zone), unit))


@_action("date.end-of", "End of")
def end(date: Moment, unit: Annotated[Unit, "Of what; a week ends on Sunday."], zone: OfCalendar | None = None) -> str:
    """The last millisecond of the year, month, week, day, hour … in which a date lies."""
    return write_iso(end_of(placed(date, zone), unit))


@_action("date.next-weekday", "Next weekday")
def next_weekday(
    date: Moment,
    weekday: Annotated[Integer, "Which day: 1 for Monday to 7 for Sunday."],
    zone: OfCalendar | None = None,
) -> str:
    """The next day that is this weekday, at the same time on the clock; always later than the date itself."""
    if not 1 <= weekday <= 7:
        raise Unfit("weekday", "must be from 1 for Monday to 7 for Sunday")
    moment = placed(date, zone)
    return write_iso(shifted(moment, days=(weekday - moment.isoweekday() - 1) % 7 + 1))


@_action("date.to-zone", "Date in a time zone")
def to_zone(date: Moment, zone: Annotated[Zone, "The time zone, as Europe/Berlin or +02:00."]) -> str:
    """The same moment on another zone's clocks; a date without offset is taken as what these show."""
    return write_iso(placed(date, zone))


@_action("date.offset-of", "Offset from UTC", {"type": "string"})
def offset_of(date: Moment, zone: OfCalendar | None = None) -> str:
    """How far the clocks are ahead of UTC at a date, as +01:00; +00:00 for UTC itself."""
    return write_offset(placed(date, zone))


@_action("date.weekday", "Weekday", _INTEGER)
def weekday(date: Moment, zone: OfCalendar | None = None) -> int:
    """The day of the week, from 1 for Monday to 7 for Sunday."""
    return placed(date, zone).isoweekday()


@_action("date.day-of-year", "Day of the year", _INTEGER)
def day_of_year(date: Moment, zone: OfCalendar | None = None) -> int:
    """The day's number in its year, from 1 to 366."""
    return placed(date, zone).timetuple().tm_yday


@_action("date.week-of-year", "Week of the year", _INTEGER)
def week_of_year(date: Moment, zone: OfCalendar | None = None) -> int:
    """The number of the ISO week: weeks start on Monday, and the first is the one with January 4."""
    return placed(date, zone).isocalendar().week


@_action("date.days-in-month", "Days in the month", _INTEGER)
def days_in_its_month(date: Moment, zone: OfCalendar | None = None) -> int:
    """How many days the month has in which a date lies."""
    return days_in_month(placed(date, zone))


@_action("date.to-epoch", "Seconds since 1970", _INTEGER)
def to_epoch(
    date: Moment,
    unit: Annotated[EpochUnit, "What to count."] = "second",
    zone: OfTexts | None = None,
) -> int:
    """The whole seconds or milliseconds from the beginning of 1970 in UTC to a date."""
    return micros_since_epoch(instants([date], zone)[0]) // _EPOCH_UNITS[unit]


@_action("date.from-epoch", "Date of seconds since 1970")
def from_epoch_(
    number: Annotated[Number, "Seconds or milliseconds since the beginning of 1970 in UTC."],
    unit: Annotated[EpochUnit, "What the number counts."] = "second",
    zone: Annotated[Zone, "On whose clocks to tell it; by default UTC."] | None = None,
) -> str:
    """The date of a Unix time."""
    return write_iso(placed(from_epoch(round(number * _EPOCH_UNITS[unit])), zone))


@_action(
    "date.components", "Parts of a date",
    {
        "type": "object",
        "properties": {name: _INTEGER for name in (*_COMPONENTS, "weekday", "dayOfYear", "quarter", "week", "weekYear")}
        | {"offset": {"type": "string"}},
    },
)  # fmt: skip
def components(date: Moment, zone: OfCalendar | None = None) -> dict[str, Any]:
    """A date's year, month, day, hour, minute, second, millisecond, weekday (1 is Monday), dayOfYear, quarter, ISO
    week, weekYear and offset."""
    moment = placed(date, zone)
    iso = moment.isocalendar()
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "millisecond": moment.microsecond // 1000,
        "weekday": iso.weekday,
        "dayOfYear": moment.timetuple().tm_yday,
        "quarter": (moment.month + 2) // 3,
        "week": iso.week,
        "weekYear": iso.year,
        "offset": write_offset(moment),
    }


@_action("date.from-components", "Date of its parts")
def from_components(
    parts: Annotated[Object, "The parts: year, and of month, day, hour, minute, second and millisecond what is known."],
    zone: Annotated[Zone, "Whose clocks show this; by default UTC."] | None = None,
) -> str:
    """The date whose parts on the clock are these; month and day are 1 if they are left out, the others 0."""
    year, month, day, hour, minute, second, millisecond = (_component(parts, name) for name in _COMPONENTS)
    unknown = next((name for name in parts if name not in _COMPONENTS), None)
    if unknown is not None:
        raise Unfit("parts", f"'{unknown:.40}' is none of {', '.join(_COMPONENTS)}")
    try:
        wall = datetime(year, month, day, hour, minute, second, millisecond * 1000)  # noqa: DTZ001 settled below
    except (ValueError, OverflowError):
        raise Unfit("parts", "must be a day and a time that exist, in the years 1 to 9999") from None
    return write_iso(settled(wall, zone))


@_action("date.earliest", "Earliest date", _DATE_OR_NULL, _MANY_DATES_BYTES)
def earliest(dates: Moments, zone: OfTexts | None = None) -> str | None:
    """The first of some dates, null of none."""
    return _extreme(dates, zone, min)


@_action("date.latest", "Latest date", _DATE_OR_NULL, _MANY_DATES_BYTES)
def latest(dates: Moments, zone: OfTexts | None = None) -> str | None:
    """The last of some dates, null of none."""
    return _extreme(dates, zone, max)


def _read_epoch(text: str, micros: int) -> datetime:
    if not _DIGITS.fullmatch(text):
        raise ValueError
    return from_epoch(int(Decimal(text) * micros))


def _extreme(dates: list[datetime], zone: tzinfo | None, pick: Callable[..., int]) -> str | None:
    moments = instants(dates, zone)
    if not moments:
        return None
    index = pick(range(len(moments)), key=moments.__getitem__)
    return write_iso(placed(dates[index], zone if dates[index].tzinfo is None else None))


def _component(parts: dict[str, Any], name: str) -> int:
    part = parts.get(name)
    if part is None and name != "year":
        return _FIRST.get(name, 0)
    if type(part) is float and part.is_integer():
        return int(part)
    if type(part) is not int:
        raise Unfit("parts", f"'{name}' must be a whole number")
    return part
