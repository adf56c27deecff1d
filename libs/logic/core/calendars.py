"""Reckoning with moments: months and days go by the calendar and the wall clock of a zone, hours as they pass."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from libs.logic.core.zones import settled

Unit = Literal["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"]

MONTHS_OF = {"year": 12, "quarter": 3, "month": 1}
DAYS_OF = {"week": 7, "day": 1}
TIME_OF = {
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "millisecond": timedelta(milliseconds=1),
}
UNITS: tuple[Unit, ...] = ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond")

_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_000)  # noqa: DTZ001 a wall clock in any zone
_MIDNIGHT: dict[str, Any] = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
_ZEROED: dict[str, dict[str, Any]] = {
    "hour": {"minute": 0, "second": 0, "microsecond": 0},
    "minute": {"second": 0, "microsecond": 0},
    "second": {"microsecond": 0},
}


def days_in_month(moment: datetime) -> int:
    return monthrange(moment.year, moment.month)[1]


def shifted(moment: datetime, *, months: int = 0, days: int = 0, time: timedelta = timedelta(0)) -> datetime:
    """First the months, with the day clamped to the month's last, then the days, then what passes of time.

    OverflowError outside of the years 1 to 9999.
    """
    if months or days:
        wall = _months_later(moment.replace(tzinfo=None, fold=0), months) + timedelta(days=days)
        moment = settled(wall, moment.tzinfo)
    return (moment.astimezone(UTC) + time).astimezone(moment.tzinfo) if time else moment


def shifted_by(moment: datetime, amount: int, unit: str) -> datetime:
    time = TIME_OF.get(unit, timedelta(0))
    months, days = MONTHS_OF.get(unit, 0), DAYS_OF.get(unit, 0)
    return shifted(moment, months=months * amount, days=days * amount, time=time * amount)


def whole_units(start: datetime, end: datetime, unit: str) -> int:
    """How many whole units lie between two moments on the clocks of one zone; negative if the end is earlier."""
    if unit in TIME_OF:
        return _whole(end.astimezone(UTC) - start.astimezone(UTC), TIME_OF[unit])
    first, last = start.replace(tzinfo=None), end.replace(tzinfo=None)
    if unit in DAYS_OF:
        return _whole(last - first, timedelta(days=DAYS_OF[unit]))
    months = (last.year - first.year) * 12 + last.month - first.month
    reached = _months_later(first, months)
    if months > 0 and reached > last:
        months -= 1
    elif months < 0 and reached < last:
        months += 1
    return int(months / MONTHS_OF[unit])


def days_of_workdays(weekday: int, workdays: int) -> int:
    """How many days these days from Monday to Friday take from a weekday (0 is Monday) on.

    A weekend's day counts as the Friday before it, or as the Monday after it when going back.
    """
    if workdays == 0:
        return 0
    forward = workdays > 0
    away = max(weekday - 4, 0)
    to_workday = -away if forward else (7 - weekday if away else 0)
    weeks, rest = divmod(abs(workdays), 5)
    first = (weekday + to_workday) % 7
    weekend = 2 if (first + rest > 4 if forward else first < rest) else 0
    days = weeks * 7 + rest + weekend
    return to_workday + (days if forward else -days)


def start_of(moment: datetime, unit: str) -> datetime:
    return settled(_first(moment.replace(tzinfo=None), unit), moment.tzinfo)


def end_of(moment: datetime, unit: str) -> datetime:
    """The unit's last millisecond."""
    if unit in TIME_OF:
        return shifted(start_of(moment, unit), time=TIME_OF[unit] - TIME_OF["millisecond"])
    first = _first(moment.replace(tzinfo=None), unit)
    try:
        following = _months_later(first, MONTHS_OF.get(unit, 0)) + timedelta(days=DAYS_OF.get(unit, 0))
    except OverflowError:
        return settled(_LAST, moment.tzinfo)
    return shifted(settled(following, moment.tzinfo), time=-TIME_OF["millisecond"])


def _whole(span: timedelta, unit: timedelta) -> int:
    whole = abs(span) // unit
    return whole if span >= timedelta(0) else -whole


def _months_later(wall: datetime, months: int) -> datetime:
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return wall.replace(year=year, month=month + 1, day=min(wall.day, monthrange(year, month + 1)[1]))


def _first(wall: datetime, unit: str) -> datetime:
    """The wall clock at the beginning of the unit. Within an hour that comes twice it stays in the same one."""
    if unit == "millisecond":
        return wall.replace(microsecond=wall.microsecond // 1000 * 1000)
    if unit in _ZEROED:
        return wall.replace(**_ZEROED[unit])
    midnight = wall.replace(**_MIDNIGHT, fold=0)
    if unit in DAYS_OF:
        return midnight - timedelta(days=wall.weekday() if unit == "week" else 0)
    months = MONTHS_OF[unit]
    return midnight.replace(day=1, month=(wall.month - 1) // months * months + 1)
