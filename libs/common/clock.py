"""Time as a part that can be replaced; nobody else asks the system for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

CLOCKS_APART = timedelta(seconds=1)
"""How far the clocks of two processes may differ, for whoever compares what both of them wrote."""


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970, as both store drivers keep time."""
    return (moment - EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def wire_time(moment: datetime) -> str:
    """The API's form: UTC, seconds, no zone (`2024-01-01T00:00:00`)."""
    return moment.isoformat(timespec="seconds").removesuffix("+00:00")


def rfc3339(moment: datetime) -> str:
    """The form in deliveries and events: UTC with `Z`, milliseconds."""
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
