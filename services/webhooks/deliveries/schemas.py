"""Deliveries on the wire."""

from __future__ import annotations

from typing import Any

from libs.common.clock import wire_time
from services.webhooks.deliveries.models import Attempt, Delivery


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """A delivery with every attempt, as it is answered."""
    return {
        "id": delivery.id,
        "subscriptionId": delivery.subscription_id,
        "notificationId": delivery.notification_id,
        "type": delivery.type,
        "status": delivery.status.value,
        "insertedAt": wire_time(delivery.created_at),
        "nextAttemptAt": wire_time(delivery.due_at) if delivery.due_at is not None else None,
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": wire_time(attempt.at),
        "durationMs": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
        "response": attempt.response,
    }
