"""A notification: a provider's request on its way to deliveries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Progress(StrEnum):
    """`routed` led to its deliveries (perhaps none), `failed` met an author's error."""

    RECEIVED = "received"
    ROUTED = "routed"
    FAILED = "failed"


class FanOut(BaseModel):
    """How far the fan-out has come: which of the route's targets, and after which subscription."""

    model_config = ConfigDict(frozen=True)

    target: int = 0
    after: str | None = None


class Outcome(BaseModel):
    """What a notification led to, for its history."""

    model_config = ConfigDict(frozen=True)

    triggers: tuple[str, ...] = ()
    matched: int = 0
    delivered_to: int = 0
    dropped: int = 0
    errors: tuple[dict[str, Any], ...] = ()


class Notification(BaseModel):
    """`id` is the dedupe key; `scope` narrows it to subscriptions that hold that term.

    `content` is the envelope that hooks see, read only where it is needed.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    service_id: str
    event_id: str
    endpoint_id: str
    scope: str
    log_id: str
    traceparent: str | None = None
    progress: Progress = Progress.RECEIVED
    fan_out: FanOut = FanOut()
    outcome: Outcome = Outcome()
    body_ref: str | None = None
    received_at: datetime
    due_at: datetime | None
    expires_at: datetime
    content: dict[str, Any] | None = None
    revision: int = 0
