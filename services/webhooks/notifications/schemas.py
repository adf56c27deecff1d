"""Notifications on the wire."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.web.answers import Timestamp
from services.webhooks.notifications.models import Notification, Progress


class ListedNotification(TypedDict):
    """What came in and what it led to."""

    id: str
    eventId: str
    receivedAt: Timestamp
    status: Progress
    triggers: list[str]
    matched: int
    deliveries: int
    dropped: int
    errors: list[dict[str, Any]]


class NotificationRow(ListedNotification):
    """With the request itself."""

    notification: dict[str, Any] | None


def notification_summary(notification: Notification) -> ListedNotification:
    """A notification as lists show it: what it led to, without what came in."""
    outcome = notification.outcome
    return {
        "id": notification.id,
        "eventId": notification.event_id,
        "receivedAt": wire_time(notification.received_at),
        "status": notification.progress,
        "triggers": list(outcome.triggers),
        "matched": outcome.matched,
        "deliveries": outcome.delivered_to,
        "dropped": outcome.dropped,
        "errors": list(outcome.errors),
    }


def notification_row(notification: Notification) -> NotificationRow:
    """With the request itself."""
    return {**notification_summary(notification), "notification": notification.content}
