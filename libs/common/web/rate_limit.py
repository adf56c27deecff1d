"""How often a key may ask: a token bucket for each key, in the memory of one process.

Every process counts for itself. The header fields are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, MutableMapping
from typing import Self

from libs.common.errors import RateLimited
from libs.common.settings import Settings

_POLICY = '"key"'
_MOST_BUCKETS = 10_000


class RateLimits:
    """`per_s` requests a second for each key, and `burst` at once after a rest."""

    def __init__(self, per_s: float, burst: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._now = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}
        self._policy = f"{_POLICY};q={burst};w={math.ceil(burst / per_s)}"

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None where there is no limit."""
        per_s = settings.rate_limit_per_s
        return cls(per_s, settings.rate_limit_burst or math.ceil(per_s)) if per_s else None

    def spend(self, key_id: str, headers: MutableMapping[str, str]) -> None:
        """Takes one request off the key's bucket and says in `headers` what is left. Raises RateLimited."""
        now = self._now()
        left = self._filled(key_id, now)
        allowed = left >= 1
        if allowed:
            left -= 1
            self._buckets[key_id] = (left, now)
        headers["RateLimit-Policy"] = self._policy
        headers["RateLimit"] = f"{_POLICY};r={int(left)};t={math.ceil((self._burst - left) / self._per_s)}"
        if not allowed:
            wait_s = max(1, math.ceil((1 - left) / self._per_s))
            raise RateLimited(
                "rate_limited", f"This key asks too often; try again in {wait_s} s.", retry_after_s=wait_s
            )

    def _filled(self, key_id: str, now: float) -> float:
        """What is in the bucket by now; one that is not kept is full."""
        kept = self._buckets.get(key_id)
        if kept is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                self._forget_full(now)
            return self._burst
        left, at = kept
        return min(self._burst, left + (now - at) * self._per_s)

    def _forget_full(self, now: float) -> None:
        self._buckets = {
            key_id: kept for key_id, kept in self._buckets.items() if self._filled(key_id, now) < self._burst
        }
