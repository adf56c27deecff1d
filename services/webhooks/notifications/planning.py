"""From a notification to its steps: what the event's route answers, and who hears of each trigger that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from libs.logic.program import Program
from services.webhooks.notifications.models import Notification, Outcome
from services.webhooks.notifications.targets import RouteTarget, parse_route
from services.webhooks.subscriptions.hearing import Hearing
from services.webhooks.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is now, with its `route` hook if it has one."""

    name: str
    route: Program | None

    @property
    def at_once(self) -> bool:
        """Whether the route has nothing to wait for."""
        return self.route is None or self.route.is_plain


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A trigger as a route named it."""

    identity: str
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One trigger of a route with the first chunk of those who hear of it; no trigger when the name means none."""

    target: RouteTarget
    trigger: TriggerRow | None
    found: Sequence[Subscription]

    @property
    def missing(self) -> dict[str, Any]:
        """What the history says of a route that names no trigger."""
        message = f"There is no published trigger {self.target.trigger!r}."
        return {"hook": "route", "code": "not_found", "message": message}


class RouteHooks(Protocol):
    """The event's logic, and the triggers that it names."""

    async def event(self, notification: Notification) -> EventRow:
        """Raises LogicError when it is gone."""

    async def route(self, event: EventRow, notification: Notification, content: dict[str, Any]) -> Any:
        """What the `route` hook answers; without one the event's own name. Raises LogicError."""

    async def trigger(self, notification: Notification, name: str) -> TriggerRow | None: ...


class Planner:
    """Works out the steps."""

    def __init__(self, hooks: RouteHooks, hearing: Hearing) -> None:
        self._hooks = hooks
        self._hearing = hearing

    async def event(self, notification: Notification) -> EventRow:
        """Raises LogicError."""
        return await self._hooks.event(notification)

    async def plan(self, event: EventRow, notification: Notification, content: dict[str, Any]) -> list[Step]:
        """Raises LogicError, and ValueError for an answer of the hook that can't be read."""
        targets = parse_route(await self._hooks.route(event, notification, content))
        return [await self._step(notification, target) for target in targets]

    async def found(
        self, notification: Notification, trigger: TriggerRow, target: RouteTarget, *, after: str | None
    ) -> Sequence[Subscription]:
        """The next chunk of those who hear of the trigger, hold what the route asks for, and are in scope."""
        terms = (notification.scope, *target.terms) if notification.scope else target.terms
        return await self._hearing.of(notification.platform_id, trigger.identity, terms, after=after)

    async def _step(self, notification: Notification, target: RouteTarget) -> Step:
        trigger = await self._hooks.trigger(notification, target.trigger)
        if trigger is None:
            return Step(target, None, ())
        return Step(target, trigger, await self.found(notification, trigger, target, after=None))


def outcome_of_none(steps: Sequence[Step]) -> Outcome:
    """What there is to say of steps that concern nobody."""
    return Outcome(
        triggers=tuple(step.trigger.name for step in steps if step.trigger is not None),
        errors=tuple(step.missing for step in steps if step.trigger is None),
    )
