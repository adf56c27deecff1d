"""A delivery: one payload for one subscription, with every attempt to hand it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """`dead` is given up, after the last try or as its user lost the service, and can be replayed; `cancelled` lost
    its subscription."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: what the subscriber answered (`response` is its first KiB), or why nothing could be sent."""

    at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    response: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """`due_at` is when it is tried next; absent once it is settled. `payload` is the body, byte for byte."""

    id: str
    platform_id: str
    subscription_id: str
    notification_id: str
    type: str
    created_at: datetime
    due_at: datetime | None
    expires_at: datetime | None = None
    status: DeliveryStatus = DeliveryStatus.PENDING
    traceparent: str | None = None
    attempts: tuple[Attempt, ...] = ()
    payload: bytes | None = field(default=None, repr=False)
    revision: int = 0

    @property
    def failures(self) -> int:
        return sum(not attempt.succeeded for attempt in self.attempts)
