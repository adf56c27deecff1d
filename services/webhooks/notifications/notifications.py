"""Notifications: recorded from the log once per dedupe key, routed to triggers, fanned out to deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import orjson

from libs.common.clock import Clock, rfc3339
from libs.common.contracts.envelope import Heard
from libs.common.contracts.webhooks import NotificationReceived
from libs.common.errors import NotFound
from libs.common.ids import derived_id
from libs.common.store.port import RevisionConflict
from libs.common.telemetry import Metrics
from libs.common.web.paging import Page
from libs.logic.errors import LogicError
from services.webhooks.deliveries.models import Delivery
from services.webhooks.endpoints.envelope import with_json
from services.webhooks.notifications.models import FanOut, Notification, Outcome, Progress
from services.webhooks.notifications.repository import NotificationRepository
from services.webhooks.notifications.targets import RouteTarget, parse_route
from services.webhooks.subscriptions.hearing import CHUNK, Hearing
from services.webhooks.subscriptions.models import Subscription

LEASE = timedelta(seconds=60)
_ERRORS_KEPT = 20


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A trigger as a route named it."""

    identity: str
    name: str


class Hooks(Protocol):
    """The event's and triggers' logic."""

    async def route(self, notification: Notification, content: dict[str, Any]) -> Any:
        """What the `route` hook answers; without one the event's own name. Raises LogicError."""

    async def trigger(self, notification: Notification, name: str) -> TriggerRow | None: ...

    async def payload(self, subscription: Subscription, content: dict[str, Any], data: Any) -> Any:
        """What the `trigger` hook makes of it for this subscription; None drops it. Raises LogicError."""


class Queue(Protocol):
    """Where deliveries go."""

    async def deliver(self, deliveries: Sequence[Delivery]) -> None: ...


class Notifications:
    """The verbs on notifications. `kept`: how long their rows stay, which is the dedupe window too."""

    def __init__(
        self,
        repository: NotificationRepository,
        hooks: Hooks,
        hearing: Hearing,
        queue: Queue,
        clock: Clock,
        metrics: Metrics,
        *,
        kept: timedelta,
    ) -> None:
        self._repository = repository
        self._hooks = hooks
        self._hearing = hearing
        self._queue = queue
        self._clock = clock
        self._duplicate = metrics.notifications_duplicate
        self._kept = kept

    async def record(self, heard: Sequence[Heard[NotificationReceived]], *, free: int) -> list[Notification]:
        """Records what the log holds; answers at most `free` new ones, leased for the caller. The others are due."""
        rows = [self._row(each) for each in heard]
        kept = await self._repository.add(rows[:free], lease=LEASE) if free else []
        due = await self._repository.add(rows[free:], lease=None) if len(rows) > free else []
        self._duplicate.inc(len(rows) - len(kept) - len(due))
        return kept

    async def claim(self, limit: int) -> list[Notification]:
        return await self._repository.claim(LEASE, limit)

    async def route(self, notification: Notification) -> None:
        """Takes a leased notification to its deliveries, from where an interrupted run came to."""
        body = await self._repository.body(notification.body_ref) if notification.body_ref is not None else None
        content = with_json(notification.content or {}, body)
        try:
            targets = parse_route(await self._hooks.route(notification, content))
        except (LogicError, ValueError) as error:
            await self._finish(notification, Progress.FAILED, [_told(error, "route")])
            return
        for index in range(notification.fan_out.target, len(targets)):
            notification = await self._run(notification, index, targets[index], content)
        await self._finish(notification, Progress.ROUTED, [])

    async def get(self, platform_id: str, service_id: str, id: str) -> Notification:
        """Raises NotFound."""
        found = await self._repository.get(platform_id, service_id, id)
        if found is None:
            raise NotFound("notification_not_found", "This service has received no such notification.")
        return found

    async def page(self, platform_id: str, service_id: str, page: Page) -> tuple[list[Notification], str | None]:
        return await self._repository.page(platform_id, service_id, page)

    async def _run(
        self,
        notification: Notification,
        index: int,
        target: RouteTarget,
        content: dict[str, Any],
    ) -> Notification:
        """Fans out to one trigger's subscriptions, a chunk at a time."""
        trigger = await self._hooks.trigger(notification, target.trigger)
        if trigger is None:
            return _noted(notification, errors=[{"trigger": target.trigger, "message": "no such trigger"}])
        notification = _noted(notification, triggers=(trigger.name,))
        after = notification.fan_out.after if notification.fan_out.target == index else None
        terms = (notification.scope, *target.terms) if notification.scope else target.terms
        while True:
            found = await self._hearing.of(notification.platform_id, trigger.identity, terms, after=after)
            notification = await self._fan_out(notification, trigger, found, content, target.data)
            if len(found) < CHUNK:
                return notification.model_copy(update={"fan_out": FanOut(target=index + 1)})
            after = found[-1].id
            notification = await self._repository.save(
                notification.model_copy(
                    update={"fan_out": FanOut(target=index, after=after), "due_at": self._clock.now() + LEASE}
                )
            )

    async def _fan_out(
        self,
        notification: Notification,
        trigger: TriggerRow,
        found: Sequence[Subscription],
        content: dict[str, Any],
        data: Any,
    ) -> Notification:
        made = await asyncio.gather(*(self._make(notification, trigger, each, content, data) for each in found))
        deliveries = [each for each in made if isinstance(each, Delivery)]
        errors = [each for each in made if isinstance(each, dict)]
        if deliveries:
            await self._queue.deliver(deliveries)
        return _noted(notification, matched=len(found), delivered_to=len(deliveries), errors=errors)

    async def _make(
        self,
        notification: Notification,
        trigger: TriggerRow,
        subscription: Subscription,
        content: dict[str, Any],
        data: Any,
    ) -> Delivery | dict[str, Any] | None:
        """The delivery to this subscription, the error that its hook met, or None where there is nothing to send."""
        try:
            payload = await self._hooks.payload(subscription, content, data)
        except LogicError as error:
            return {**_told(error, trigger.name), "subscription": subscription.id}
        if payload is None or subscription.url is None:
            return None
        return self._delivery(notification, trigger, subscription, payload)

    def _delivery(
        self, notification: Notification, trigger: TriggerRow, subscription: Subscription, payload: Any
    ) -> Delivery:
        now = self._clock.now()
        id = derived_id(notification.id, trigger.identity, subscription.id)
        kind = f"{subscription.service_name}.{trigger.name}"
        body = {
            "id": id,
            "type": kind,
            "timestamp": rfc3339(now),
            "subscriptionId": subscription.id,
            "userId": subscription.user_id,
            "service": subscription.service_name,
            "trigger": trigger.name,
            "data": payload,
        }
        return Delivery(
            id=id,
            platform_id=notification.platform_id,
            subscription_id=subscription.id,
            notification_id=notification.id,
            type=kind,
            traceparent=notification.traceparent,
            created_at=now,
            due_at=now,
            payload=orjson.dumps(body),
        )

    def _row(self, heard: Heard[NotificationReceived]) -> Notification:
        event = heard.event
        return Notification(
            id=event.dedupe_id,
            platform_id=event.platform_id or "",
            service_id=event.service_id,
            event_id=event.event_id,
            endpoint_id=event.endpoint_id,
            scope=event.scope,
            log_id=heard.id,
            traceparent=heard.traceparent,
            body_ref=event.body_ref,
            received_at=heard.time,
            due_at=heard.time,
            expires_at=heard.time + self._kept,
            content=event.notification,
        )

    async def _finish(self, notification: Notification, progress: Progress, errors: list[dict[str, Any]]) -> None:
        notification = _noted(notification, errors=errors)
        try:
            await self._repository.save(notification.model_copy(update={"progress": progress, "due_at": None}))
        except RevisionConflict:
            return  # the lease lapsed and another worker has it: what it writes down counts


def _noted(
    notification: Notification,
    *,
    triggers: tuple[str, ...] = (),
    matched: int = 0,
    delivered_to: int = 0,
    errors: Sequence[dict[str, Any]] = (),
) -> Notification:
    """With more of what it led to."""
    before = notification.outcome
    outcome = Outcome(
        triggers=(*before.triggers, *triggers),
        matched=before.matched + matched,
        delivered_to=before.delivered_to + delivered_to,
        dropped=before.dropped + matched - delivered_to - len(errors) if matched else before.dropped,
        errors=(*before.errors, *errors)[:_ERRORS_KEPT],
    )
    return notification.model_copy(update={"outcome": outcome})


def _told(error: LogicError | ValueError, hook: str) -> dict[str, Any]:
    if isinstance(error, LogicError):
        return {"hook": hook, **error.to_dict()}
    return {"hook": hook, "code": "invalid_result", "message": str(error)}
