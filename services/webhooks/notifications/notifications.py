"""Notifications: recorded from the log once per dedupe key, routed to triggers, fanned out to deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

import orjson

from libs.common.clock import Clock, rfc3339
from libs.common.contracts.envelope import Heard
from libs.common.contracts.webhooks import NotificationReceived
from libs.common.errors import NotFound, Unavailable
from libs.common.ids import derived_id
from libs.common.store.port import RevisionConflict
from libs.common.telemetry import Telemetry, current_traceparent
from libs.common.web.paging import Page
from libs.logic.errors import LogicError
from services.webhooks.deliveries.models import Delivery
from services.webhooks.endpoints.envelope import with_json
from services.webhooks.notifications.models import FanOut, Notification, Progress
from services.webhooks.notifications.planning import Planner, Step, TriggerRow, outcome_of_none
from services.webhooks.notifications.repository import NotificationRepository
from services.webhooks.subscriptions.hearing import CHUNK
from services.webhooks.subscriptions.models import Subscription

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A notification on its way; what was worked out of it while it was recorded need not be worked out again."""

    notification: Notification
    content: dict[str, Any] | None = None
    steps: Sequence[Step] | None = None


class PayloadHook(Protocol):
    """Subscriptions' rights, and the triggers' logic."""

    async def allows(self, subscription: Subscription) -> bool:
        """Whether the service is still for its user."""

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
        planner: Planner,
        payloads: PayloadHook,
        queue: Queue,
        clock: Clock,
        telemetry: Telemetry,
        *,
        kept: timedelta,
    ) -> None:
        self._repository = repository
        self._planner = planner
        self._payloads = payloads
        self._queue = queue
        self._clock = clock
        self._tracing = telemetry.tracing
        self._duplicate = telemetry.metrics.notifications_duplicate
        self._kept = kept

    async def record(self, heard: Sequence[Heard[NotificationReceived]], *, free: int) -> list[Arrival]:
        """Records what the log holds; answers at most `free` new ones, leased for the caller. The others are due.

        What can be routed without waiting and concerns nobody is recorded as worked off.
        """
        arrivals = [await self._arrival(each) for each in heard]
        settled = [each.notification for each in arrivals if each.notification.due_at is None]
        waiting = [each.notification for each in arrivals if each.notification.due_at is not None]
        kept, *others = await asyncio.gather(
            self._repository.add(waiting[:free], lease=LEASE),
            self._repository.add(waiting[free:], lease=None),
            self._repository.add(settled, lease=None),
        )
        self._duplicate.inc(len(arrivals) - len(kept) - sum(map(len, others)))
        by_log_id = {each.notification.log_id: each for each in arrivals}
        return [replace(by_log_id[each.log_id], notification=each) for each in kept]

    async def claim(self, limit: int) -> list[Arrival]:
        return [Arrival(notification) for notification in await self._repository.claim(LEASE, limit)]

    async def route(self, arrival: Arrival) -> None:
        """Takes a leased notification to its deliveries, from where an interrupted run came to."""
        with self._tracing.span("notification.route", arrival.notification.traceparent, kind="consumer"):
            await self._route(arrival)

    async def get(self, platform_id: str, service_id: str, id: str) -> Notification:
        """Raises NotFound."""
        found = await self._repository.get(platform_id, service_id, id)
        if found is None:
            raise NotFound("notification_not_found", "This service has received no such notification.")
        return found

    async def page(self, platform_id: str, service_id: str, page: Page) -> tuple[list[Notification], str | None]:
        return await self._repository.page(platform_id, service_id, page)

    async def _route(self, arrival: Arrival) -> None:
        notification, content, steps = arrival.notification, arrival.content, arrival.steps
        if content is None:
            content = await self._content(notification)
        if steps is None:
            try:
                event = await self._planner.event(notification)
                steps = await self._planner.plan(event, notification, content)
            except (LogicError, ValueError) as error:
                return await self._finish(_failed(notification, error))
        for index in range(notification.fan_out.target, len(steps)):
            notification = await self._run(notification, index, steps[index], content)
        return await self._finish(notification.finished(notification.outcome))

    async def _arrival(self, heard: Heard[NotificationReceived]) -> Arrival:
        notification = self._row(heard)
        try:
            event = await self._planner.event(notification)
            if notification.body_ref is not None or not event.at_once:
                return Arrival(notification)
            content = with_json(notification.content or {})
            steps = await self._planner.plan(event, notification, content)
        except (LogicError, ValueError) as error:
            return Arrival(_failed(notification, error))
        except Unavailable:
            return Arrival(notification)
        if any(step.found for step in steps):
            return Arrival(notification, content, steps)
        return Arrival(notification.finished(outcome_of_none(steps)))

    async def _content(self, notification: Notification) -> dict[str, Any]:
        body = await self._repository.body(notification.body_ref) if notification.body_ref is not None else None
        return with_json(notification.content or {}, body)

    async def _run(self, notification: Notification, index: int, step: Step, content: dict[str, Any]) -> Notification:
        """Fans out to one trigger's subscriptions, a chunk at a time."""
        if step.trigger is None:
            return replace(notification, outcome=notification.outcome.plus(errors=(step.missing,)))
        found = step.found
        if notification.fan_out.target == index and notification.fan_out.after is not None:
            after = notification.fan_out.after
            found = await self._planner.found(notification, step.trigger, step.target, after=after)
        else:
            notification = replace(notification, outcome=notification.outcome.plus(triggers=(step.trigger.name,)))
        while True:
            notification = await self._fan_out(notification, step.trigger, found, content, step.target.data)
            if len(found) < CHUNK:
                return replace(notification, fan_out=FanOut(target=index + 1))
            came_to = FanOut(target=index, after=found[-1].id)
            notification = await self._repository.save(
                replace(notification, fan_out=came_to, due_at=self._clock.now() + LEASE)
            )
            found = await self._planner.found(notification, step.trigger, step.target, after=came_to.after)

    async def _fan_out(
        self,
        notification: Notification,
        trigger: TriggerRow,
        found: Sequence[Subscription],
        content: dict[str, Any],
        data: Any,
    ) -> Notification:
        allowed = [await self._payloads.allows(each) for each in found]
        refused = tuple(_refused(trigger, each) for each, may in zip(found, allowed, strict=True) if not may)
        heard = found if not refused else [each for each, may in zip(found, allowed, strict=True) if may]
        making = [self._make(notification, trigger, each, content, data) for each in heard]
        made = [await making[0]] if len(making) == 1 else await asyncio.gather(*making)
        deliveries = [each for each in made if isinstance(each, Delivery)]
        errors = tuple(each for each in made if isinstance(each, dict))
        if deliveries:
            await self._queue.deliver(deliveries)
        outcome = notification.outcome.plus(
            matched=len(found), delivered_to=len(deliveries), errors=errors, refused=refused
        )
        return replace(notification, outcome=outcome)

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
            payload = await self._payloads.payload(subscription, content, data)
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
            traceparent=current_traceparent() or notification.traceparent,
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

    async def _finish(self, notification: Notification) -> None:
        try:
            await self._repository.save(notification)
        except RevisionConflict:
            return  # the lease lapsed and another worker has it: what it writes down counts


def _failed(notification: Notification, error: LogicError | ValueError) -> Notification:
    outcome = notification.outcome.plus(errors=(_told(error, "route"),))
    return notification.finished(outcome, Progress.FAILED)


def _refused(trigger: TriggerRow, subscription: Subscription) -> dict[str, Any]:
    message = "Dropped: the service is not for this subscription's user any more; it hears again once it is."
    return {"hook": trigger.name, "code": "not_shared", "message": message, "subscription": subscription.id}


def _told(error: LogicError | ValueError, hook: str) -> dict[str, Any]:
    if isinstance(error, LogicError):
        return {"hook": hook, **error.to_dict()}
    return {"hook": hook, "code": "invalid_result", "message": str(error)}
