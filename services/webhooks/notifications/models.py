"""A notification: a provider's request on its way to deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

_ERRORS_KEPT = 20


class Progress(StrEnum):
    """`routed` led to its deliveries (perhaps none), `failed` met an author's error."""

    RECEIVED = "received"
    ROUTED = "routed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FanOut:
    """How far the fan-out has come: which of the route's targets, and after which subscription."""

    target: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a notification led to, for its history."""

    triggers: tuple[str, ...] = ()
    matched: int = 0
    delivered_to: int = 0
    dropped: int = 0
    errors: tuple[dict[str, Any], ...] = ()

    def plus(
        self,
        *,
        triggers: tuple[str, ...] = (),
        matched: int = 0,
        delivered_to: int = 0,
        errors: tuple[Any, ...] = (),
        refused: tuple[Any, ...] = (),
    ) -> Outcome:
        """With more of it; a match that led to neither a delivery nor an error was dropped: by its trigger, or
        `refused`, which says why and counts as dropped."""
        return Outcome(
            triggers=self.triggers + triggers,
            matched=self.matched + matched,
            delivered_to=self.delivered_to + delivered_to,
            dropped=self.dropped + max(0, matched - delivered_to - len(errors)),
            errors=(self.errors + errors + refused)[:_ERRORS_KEPT],
        )


@dataclass(frozen=True, slots=True)
class Notification:
    """`id` is the dedupe key; `scope` narrows it to subscriptions that hold that term.

    `content` is the envelope that hooks see, read only where it is needed. `due_at` is when it is taken up
    next; absent once it is worked off.
    """

    id: str
    platform_id: str
    service_id: str
    event_id: str
    endpoint_id: str
    scope: str
    log_id: str
    received_at: datetime
    due_at: datetime | None
    expires_at: datetime
    traceparent: str | None = None
    body_ref: str | None = None
    progress: Progress = Progress.RECEIVED
    fan_out: FanOut = FanOut()
    outcome: Outcome = Outcome()
    content: dict[str, Any] | None = field(default=None, repr=False)
    revision: int = 0

    def finished(self, outcome: Outcome, progress: Progress = Progress.ROUTED) -> Notification:
        """Worked off, with what came of it."""
        return replace(self, outcome=outcome, progress=progress, due_at=None)
