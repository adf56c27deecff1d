"""`date.*`: conditions on moments."""

from __future__ import annotations

from calendar import isleap
from typing import Annotated

from libs.logic.core import date_patterns
from libs.logic.core.iso_dates import read_iso
from libs.logic.core.moments import Moment, OfCalendar, OfTexts, Zone, both, instants, now, within_years
from libs.logic.core.registry import Library, Text, Unfit, Value
from libs.logic.core.zones import placed, zone_named

functions = Library()

Other = Annotated[Moment, "The date to compare it with, as ISO 8601."]


@functions.condition("date.before", "Date is before")
@within_years
def before(date: Moment, other: Other, zone: OfTexts | None = None) -> bool:
    """Whether a date is earlier than another."""
    first, second = instants([date, other], zone)
    return first < second


@functions.condition("date.after", "Date is after")
@within_years
def after(date: Moment, other: Other, zone: OfTexts | None = None) -> bool:
    """Whether a date is later than another."""
    first, second = instants([date, other], zone)
    return first > second


@functions.condition("date.equal", "Dates are equal")
@within_years
def equal(date: Moment, other: Other, zone: OfTexts | None = None) -> bool:
    """Whether two dates are the same moment, however they are written."""
    first, second = instants([date, other], zone)
    return first == second


@functions.condition("date.between", "Date is between")
@within_years
def between(
    date: Moment,
    from_: Annotated[Moment, "The first moment, as ISO 8601."],
    to: Annotated[Moment, "The last moment, as ISO 8601."],
    zone: OfTexts | None = None,
) -> bool:
    """Whether a date is neither earlier than the first moment nor later than the last."""
    moment, first, last = instants([date, from_, to], zone)
    return first <= moment <= last


@functions.condition("date.same-day", "Dates are on the same day")
@within_years
def same_day(
    date: Moment,
    other: Other,
    zone: Annotated[Zone, "In which zone; by default on the clocks of the first date's offset, or UTC."] | None = None,
) -> bool:
    """Whether two dates are on one day."""
    first, second = both(date, other, zone)
    return first.date() == second.date()


@functions.condition("date.is-weekend", "Date is on a weekend")
@within_years
def is_weekend(date: Moment, zone: OfCalendar | None = None) -> bool:
    """Whether a date is a Saturday or a Sunday."""
    return placed(date, zone).weekday() > 4


@functions.condition("date.is-leap-year", "Date is in a leap year")
@within_years
def is_leap_year(date: Moment, zone: OfCalendar | None = None) -> bool:
    """Whether the year in which a date lies has 366 days."""
    return isleap(placed(date, zone).year)


@functions.condition("date.is-past", "Date is past")
@within_years
def is_past(date: Moment, zone: OfTexts | None = None) -> bool:
    """Whether a date is earlier than now."""
    return instants([date], zone)[0] < now()


@functions.condition("date.is-future", "Date is in the future")
@within_years
def is_future(date: Moment, zone: OfTexts | None = None) -> bool:
    """Whether a date is later than now."""
    return instants([date], zone)[0] > now()


@functions.condition("date.is-valid", "Is a date")
def is_valid(
    value: Annotated[Value, "What to look at."],
    pattern: Annotated[Text, "The pattern that it is to have, as for `date.parse`; by default ISO 8601."] | None = None,
) -> bool:
    """Whether this is the text of a date that exists."""
    if not isinstance(value, str):
        return False
    try:
        read_iso(value) if pattern is None else date_patterns.read(value, pattern)
    except (ValueError, OverflowError):
        return False
    except date_patterns.Unusable as unusable:
        raise Unfit("pattern", str(unusable)) from None
    return True


@functions.condition("date.is-valid-zone", "Is a time zone")
def is_valid_zone(zone: Annotated[Value, "What to look at."]) -> bool:
    """Whether this is a time zone's IANA name, such as Europe/Berlin, or an offset such as +02:00."""
    try:
        zone_named(zone)
    except ValueError:
        return False
    return True
