"""Deliveries on the wire."""

from __future__ import annotations

from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.web.answers import Timestamp
from services.webhooks.deliveries.models import Attempt, Delivery, DeliveryStatus


class Recovered(TypedDict):
    """How many dead letters will be delivered again."""

    recovered: int


class AttemptRow(TypedDict):
    """One attempt to hand a delivery over."""

    at: Timestamp
    durationMs: int
    status: int | None
    error: str | None
    response: str | None


class DeliveryRow(TypedDict):
    """A delivery with every attempt."""

    id: str
    subscriptionId: str
    notificationId: str
    type: str
    status: DeliveryStatus
    insertedAt: Timestamp
    nextAttemptAt: Timestamp | None
    attempts: list[AttemptRow]


def delivery_row(delivery: Delivery) -> DeliveryRow:
    """A delivery with every attempt, as it is answered."""
    return {
        "id": delivery.id,
        "subscriptionId": delivery.subscription_id,
        "notificationId": delivery.notification_id,
        "type": delivery.type,
        "status": delivery.status,
        "insertedAt": wire_time(delivery.created_at),
        "nextAttemptAt": wire_time(delivery.due_at) if delivery.due_at is not None else None,
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
    }


def _attempt(attempt: Attempt) -> AttemptRow:
    return {
        "at": wire_time(attempt.at),
        "durationMs": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
        "response": attempt.response,
    }
