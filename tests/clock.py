"""A clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def move(self, **by: float) -> None:
        """`seconds=`, `minutes=`, `days=` and so on, as for timedelta."""
        self._at += timedelta(**by)
