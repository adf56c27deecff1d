"""Time zones from the package `tzdata`, never from the machine, and wall clocks that are set in them."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

_FOLDER = Path(str(files("tzdata")))
# Read when the module is loaded, because later there is an event loop that may not wait for files.
_DATA = {name: (_FOLDER / "zoneinfo" / name).read_bytes() for name in (_FOLDER / "zones").read_text().split()}

_OFFSET = re.compile(r"([+-])(\d\d):?([0-5]\d)", re.ASCII)


def zone_named(name: object) -> tzinfo:
    """The zone of an IANA name, `Z` or an offset such as +02:00; ValueError when there is none of this name."""
    if not isinstance(name, str):
        raise ValueError
    if name in _DATA:
        return _zone(name)
    if name == "Z":
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        raise ValueError
    sign, hours, minutes = offset.groups()
    return offset_zone(timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1))


def offset_zone(offset: timedelta) -> tzinfo:
    return timezone(offset) if offset else UTC


def settled(wall: datetime, zone: tzinfo | None) -> datetime:
    """The moment at which the zone's clocks show this; no zone is UTC.

    Where they show it twice, the first (or the second if `fold` is set); where they skip it, as much later as they
    skip. OverflowError outside of the years 1 to 9999.
    """
    zone = zone or UTC
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def placed(moment: datetime, zone: tzinfo | None) -> datetime:
    """The same moment on the zone's clocks; one without offset is taken as what they show. None keeps the offset."""
    if moment.tzinfo is None:
        return settled(moment, zone)
    return moment if zone is None else moment.astimezone(zone)


@cache
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo.from_file(BytesIO(_DATA[name]), key=name)
