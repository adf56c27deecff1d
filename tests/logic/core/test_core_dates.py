"""Dates against Python's own reading and writing, against walks day by day, and against each other."""

import time
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.logic.core import LIBRARY
from libs.logic.core.zones import zone_named
from libs.logic.errors import LogicError

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Nuuk", "-03:30"]
UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"]

zones = st.sampled_from(ZONES)
units = st.sampled_from(UNITS)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 the range of wall clocks
    lambda wall: wall.replace(microsecond=wall.microsecond // 1000 * 1000, tzinfo=UTC).isoformat()
)


def call(name: str, **source: Any) -> Any:
    return LIBRARY[name].call({name.rstrip("_"): value for name, value in source.items()})


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@given(moments, zones, st.sampled_from(["seconds", "milliseconds", "microseconds"]))
@settings(max_examples=60, deadline=None)
def test_it_reads_what_python_writes(text: str, zone: str, precision: str) -> None:
    there = moment(text).astimezone(zone_named(zone))
    read = call("date.parse", string=there.isoformat(" ", precision))
    assert moment(read) == moment(there.isoformat(timespec=precision))


@given(moments, zones)
@settings(max_examples=100, deadline=None)
def test_python_reads_what_it_writes(text: str, zone: str) -> None:
    there = moment(text).astimezone(zone_named(zone))
    # By UTC, as Python holds a time that a zone's clocks show twice for unequal to any in another zone.
    assert moment(call("date.to-zone", date=text, zone=zone)).astimezone(UTC) == there.astimezone(UTC)
    assert call("date.format", date=text, zone=zone, pattern="yyyy-MM-dd HH:mm:ss D w") == (
        f"{there:%Y-%m-%d %H:%M:%S} {there.timetuple().tm_yday} {there.isocalendar().week}"
    )


@given(moments, zones, st.sampled_from(["iso", "rfc2822", "basic"]))
@settings(max_examples=100, deadline=None)
def test_what_was_written_is_read_again(text: str, zone: str, form: str) -> None:
    text = call("date.start-of", date=text, unit="second", zone=zone)
    if call("date.offset-of", date=text).count(":") > 1:
        return  # before there were time zones; these forms have no place for seconds of an offset
    written = call("date.format", date=text, format=form)
    assert call("date.parse", string=written, format="rfc2822" if form == "rfc2822" else "iso") == text


@given(moments, zones)
@settings(max_examples=100, deadline=None)
def test_a_pattern_reads_what_it_writes(text: str, zone: str) -> None:
    text = call("date.to-zone", date=text, zone=zone)
    if call("date.offset-of", date=text).count(":") > 1:
        return
    for pattern in ("yyyyMMdd'T'HHmmssSSSxx", "EEEE, d. MMMM yyyy 'at' h:mm:ss.SSS a XXX", "DDD/yyyy H:m:s.SSS Z"):
        written = call("date.format", date=text, pattern=pattern)
        assert call("date.parse", string=written, pattern=pattern) == text


@given(moments, units, zones)
@settings(max_examples=100, deadline=None)
def test_a_date_lies_between_the_start_and_the_end_of_its_unit(text: str, unit: str, zone: str) -> None:
    first = call("date.start-of", date=text, unit=unit, zone=zone)
    last = call("date.end-of", date=text, unit=unit, zone=zone)
    assert moment(first) <= moment(text) <= moment(last)
    assert call("date.start-of", date=first, unit=unit, zone=zone) == first
    following = call("date.add", date=last, amount=1, unit="millisecond", zone=zone)
    assert call("date.start-of", date=following, unit=unit, zone=zone) == following


@given(moments, moments, units)
@settings(max_examples=100, deadline=None)
def test_a_difference_is_the_most_units_that_fit_between(start: str, end: str, unit: str) -> None:
    count = call("date.difference", from_=start, to=end, unit=unit)
    sign = 1 if moment(start) <= moment(end) else -1
    reached, beyond = (
        moment(call("date.add", date=start, amount=amount, unit=unit)) for amount in (count, count + sign)
    )
    assert reached <= moment(end) < beyond if sign > 0 else beyond < moment(end) <= reached


@given(moments, st.integers(-60, 60), zones)
@settings(max_examples=100, deadline=None)
def test_working_days_are_those_of_a_walk(text: str, days: int, zone: str) -> None:
    day = moment(call("date.to-zone", date=text, zone=zone)).date()
    step = timedelta(days=1 if days > 0 else -1)
    while days and day.weekday() > 4:
        day -= step
    for _ in range(abs(days)):
        day += step
        while day.weekday() > 4:
            day += step
    moved = moment(call("date.add-workdays", date=text, days=days, zone=zone)).date()
    assert moved == day


@given(moments, st.integers(1, 7))
@settings(max_examples=50, deadline=None)
def test_the_next_weekday_is_within_a_week(text: str, weekday: int) -> None:
    found = call("date.next-weekday", date=text, weekday=weekday)
    assert call("date.weekday", date=found) == weekday
    assert timedelta(0) < moment(found) - moment(text) <= timedelta(days=7)


@given(st.dictionaries(st.sampled_from(["years", "months", "weeks", "days", "hours", "minutes"]), st.integers(1, 999)))
@settings(max_examples=50, deadline=None)
def test_a_duration_is_read_as_it_was_written(parts: dict[str, int]) -> None:
    written = call("duration.format", parts=parts)
    assert call("duration.parse", duration=written) == (parts or {"seconds": 0})


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia"])
def test_moments_of_every_hour_of_a_year_survive_their_zone(zone: str) -> None:
    start = datetime(2018, 1, 1, tzinfo=UTC)
    for hour in range(0, 366 * 24, 5):
        text = (start + timedelta(hours=hour)).isoformat()
        there = call("date.to-zone", date=text, zone=zone)
        assert moment(there) == moment(text)


def test_clocks_are_those_of_the_c_library_with_the_same_data(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = files("tzdata") / "zoneinfo"
    names = (files("tzdata") / "zones").read_text().split()
    try:
        for name in names[::7]:
            monkeypatch.setenv("TZ", f":{folder / name}")
            time.tzset()
            for epoch in range(-2_500_000_000, 4_000_000_000, 370_000_001):
                there = moment(call("date.from-epoch", number=epoch, zone=name))
                assert there.timestamp() == epoch
                assert there.utcoffset() == timedelta(seconds=time.localtime(epoch).tm_gmtoff), (name, epoch)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(LogicError) as caught:
        call("date.add", date="soon", amount=1.5, unit="days", zone="Mars")
    told = [detail["path"] for detail in caught.value.details["input"]]
    assert told == ["date", "amount", "unit", "zone"]
