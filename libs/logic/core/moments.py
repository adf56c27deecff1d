"""How `date.*` takes dates and time zones and answers with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import wraps
from typing import Annotated, Any

from libs.logic.core.iso_dates import read_iso
from libs.logic.core.registry import Type, Unfit
from libs.logic.core.zones import placed, zone_named

DATE = {"type": "string", "description": "A date and time with its offset, as ISO 8601."}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(value: Any) -> datetime:
    try:
        return read_iso(value)
    except OverflowError:
        raise ValueError from None


_MOMENT = Type(
    {"type": "string"}, "an ISO 8601 date such as 2024-03-10T09:30:00+01:00, in the years 1 to 9999", _moment
)
_ZONE = Type({"type": "string"}, "a time zone such as Europe/Berlin, UTC or +02:00", zone_named)

Moment = Annotated[datetime, _MOMENT, "The date, as ISO 8601; without a time it is midnight."]
Moments = Annotated[
    list[datetime],
    Type({"type": "array", "items": {"type": "string"}}, "an array of ISO 8601 dates", lambda value: _moments(value)),
    "The dates, as ISO 8601.",
]
Zone = Annotated[tzinfo, _ZONE]
OfCalendar = Annotated[
    tzinfo, _ZONE, "The zone whose calendar and clocks count; by default the date's own offset, or UTC if it has none."
]
OfTexts = Annotated[tzinfo, _ZONE, "The zone of dates that are written without an offset; by default UTC."]
"""Where only moments are compared; a date's own offset comes first."""


def within_years(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def bounded(*arguments: Any) -> Any:
        try:
            return run(*arguments)
        except OverflowError:
            raise Unfit("", "the result would lie outside of the years 1 to 9999") from None

    return bounded


def now() -> datetime:
    """To the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def instants(moments: list[datetime], zone: tzinfo | None) -> list[datetime]:
    """In UTC, so that they can be compared: dates with different zones of the same rules can't."""
    return [placed(moment, zone if moment.tzinfo is None else None).astimezone(UTC) for moment in moments]


def both(start: datetime, end: datetime, zone: tzinfo | None) -> tuple[datetime, datetime]:
    """Two dates on the same clocks: the zone's, or those of the first date's offset."""
    first = placed(start, zone)
    return first, placed(end, first.tzinfo if zone is None else zone)


def from_epoch(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def micros_since_epoch(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _moments(value: Any) -> list[datetime]:
    if type(value) is not list:
        raise ValueError
    return [_moment(each) for each in value]
