"""Dates as texts: the profiles of ISO 8601 and the form of RFC 2822, read and written."""

import re
from datetime import UTC, date, datetime, time, timedelta

from libs.logic.core.zones import offset_zone

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DAY = r"""(?P<year>\d{4}) (?:
    -(?P<month>\d\d) (?:-(?P<day>\d\d))? | (?P<basic_month>\d\d)(?P<basic_day>\d\d)
    | -?W(?P<week>\d\d) (?:-?(?P<weekday>\d))? | -?(?P<day_of_year>\d{3}) )"""
_TIME = r"(?P<hour>\d\d) (?: :?(?P<minute>\d\d) (?: :?(?P<second>\d\d) (?:[.,](?P<fraction>\d{1,9}))? )? )?"
_OFFSET = r"(?P<offset> [Zz] | (?P<sign>[+-]) (?P<hours>\d\d) (?: :?(?P<minutes>\d\d) (?: :?(?P<seconds>\d\d))? )? )"
_ISO = re.compile(rf"{_DAY} (?: [Tt\ ] {_TIME} {_OFFSET}? )?", re.VERBOSE | re.ASCII)

_RFC_2822 = re.compile(
    rf"""(?: (?P<weekday>{"|".join(name[:3] for name in WEEKDAYS)}), \s* )?
    (?P<day>\d{{1,2}}) \s+ (?P<month>{"|".join(name[:3] for name in MONTHS)}) \s+ (?P<year>\d{{4}}) \s+
    (?P<hour>\d\d) : (?P<minute>\d\d) (?: : (?P<second>\d\d) )? (?P<fraction>) \s+
    (?P<offset> (?:GMT|UTC?|Z) | (?P<sign>[+-]) (?P<hours>\d\d) (?P<minutes>\d\d) (?P<seconds>) )
    (?: \s* \( [^()]* \) )?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


def read_iso(text: object) -> datetime:
    """Without an offset in the text the answer has no zone; ValueError when the text is no date.

    OverflowError when it lies outside of the years 1 to 9999 of UTC.
    """
    found = _ISO.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError
    parts = found.groupdict()
    return _with_offset(on_clock(_day(parts), parts), parts)


def read_rfc_2822(text: str) -> datetime:
    found = _RFC_2822.fullmatch(text)
    if found is None:
        raise ValueError
    parts = found.groupdict()
    names = [name[:3].lower() for name in MONTHS]
    day = date(int(parts["year"]), names.index(parts["month"].lower()) + 1, int(parts["day"]))
    if parts["weekday"] and parts["weekday"].lower() != WEEKDAYS[day.weekday()][:3].lower():
        raise ValueError
    return _with_offset(on_clock(day, parts), parts)


def write_iso(moment: datetime) -> str:
    """With as many digits of the second's fraction as it needs: none, three or six."""
    micros = moment.microsecond
    precision = "microseconds" if micros % 1000 else "milliseconds" if micros else "seconds"
    text = moment.isoformat(timespec=precision)
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def write_offset(moment: datetime) -> str:
    return moment.isoformat()[len(moment.replace(tzinfo=None).isoformat()) :]


def write_rfc_2822(moment: datetime) -> str:
    day = f"{WEEKDAYS[moment.weekday()][:3]}, {moment.day:02} {MONTHS[moment.month - 1][:3]} {moment.year:04}"
    return f"{day} {moment:%H:%M:%S} {write_offset(moment).replace(':', '')}"


def on_clock(day: date, parts: dict[str, str | None]) -> datetime:
    """A day and what hour, minute, second and fraction say; 24:00 is the day's end. Digits past the sixth are cut."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    micros = int((parts["fraction"] or "")[:6].ljust(6, "0"))
    if hour == 24 and minute == second == micros == 0:
        return datetime.combine(day, time()) + timedelta(days=1)
    return datetime.combine(day, time(hour, minute, second, micros))


def _day(parts: dict[str, str | None]) -> date:
    year = int(parts["year"] or 0)
    if parts["week"]:
        return date.fromisocalendar(year, int(parts["week"]), int(parts["weekday"] or 1))
    if parts["day_of_year"]:
        day = date(year, 1, 1) + timedelta(days=int(parts["day_of_year"]) - 1)
        if day.year != year:
            raise ValueError
        return day
    return date(year, int(parts["month"] or parts["basic_month"] or 1), int(parts["day"] or parts["basic_day"] or 1))


def _with_offset(wall: datetime, parts: dict[str, str | None]) -> datetime:
    if not parts["offset"]:
        return wall
    hours, minutes, seconds = (int(parts[name] or 0) for name in ("hours", "minutes", "seconds"))
    if minutes > 59 or seconds > 59:
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds) * (-1 if parts["sign"] == "-" else 1)
    moment = wall.replace(tzinfo=offset_zone(offset))
    moment.astimezone(UTC)
    return moment
