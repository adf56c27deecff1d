"""Notifications on the wire."""

from __future__ import annotations

from typing import Any

from libs.common.clock import wire_time
from services.webhooks.notifications.models import Notification


def notification_summary(notification: Notification) -> dict[str, Any]:
    """A notification as lists show it: what it led to, without what came in."""
    outcome = notification.outcome
    return {
        "id": notification.id,
        "eventId": notification.event_id,
        "receivedAt": wire_time(notification.received_at),
        "status": notification.progress.value,
        "triggers": list(outcome.triggers),
        "matched": outcome.matched,
        "deliveries": outcome.delivered_to,
        "dropped": outcome.dropped,
        "errors": list(outcome.errors),
    }


def notification_row(notification: Notification) -> dict[str, Any]:
    """With the request itself."""
    return {**notification_summary(notification), "notification": notification.content}
