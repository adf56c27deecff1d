"""When a delivery is tried again: nine retries over about three days, as Standard Webhooks recommends."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

from libs.common.clock import Clock

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
_JITTER = 0.1
_MAX_RETRY_AFTER = timedelta(hours=24)


def next_delay(failures: int, chance: float, retry_after: timedelta | None = None) -> timedelta | None:
    """How long to wait after this many failures; None when it was the last try.

    `chance` in 0..1 adds up to a tenth. `retry_after` is the subscriber's own wish and only ever lengthens.
    """
    if failures > len(RETRIES):
        return None
    delay = RETRIES[failures - 1] * (1 + _JITTER * chance)
    return max(delay, min(retry_after, _MAX_RETRY_AFTER)) if retry_after is not None else delay


def parse_retry_after(value: str | None, clock: Clock) -> timedelta | None:
    """`Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3); None for anything else."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:9]))
    try:
        return max(timedelta(0), parsedate_to_datetime(value) - clock.now())
    except (TypeError, ValueError):
        return None
