"""Carrying cascades through: subscriptions ended, endpoints closed, and said once no subscription is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.webhooks import SubscriptionsEnded
from libs.common.store.port import RevisionConflict
from services.webhooks.cascades.models import Cascade
from services.webhooks.cascades.repository import CascadeRepository
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.scoping import user_scope
from services.webhooks.subscriptions.ending import Ending

LEASE = timedelta(minutes=5)
_FIRST_LOOK = timedelta(seconds=1)
_RAREST_LOOK = timedelta(minutes=1)


class Cascades:
    """Each is recorded when it is heard of, and advanced by a worker until nothing is left of it.

    `on_ending` tells the worker that runs the `delete` hooks.
    """

    def __init__(
        self,
        repository: CascadeRepository,
        ending: Ending,
        endpoints: Endpoints,
        clock: Clock,
        *,
        on_ending: Callable[[], None],
    ) -> None:
        self._repository = repository
        self._ending = ending
        self._endpoints = endpoints
        self._clock = clock
        self._on_ending = on_ending

    async def record(self, cascades: Sequence[Cascade]) -> None:
        """Durable when it returns; one that is recorded again is the same one."""
        await self._repository.add(cascades)

    async def claim(self, limit: int) -> list[Cascade]:
        return await self._repository.claim(LEASE, limit)

    async def advance(self, cascade: Cascade) -> None:
        """As far as it goes now; cut off anywhere, it begins again."""
        if not cascade.begun:
            await self._begin(cascade)
        with suppress(RevisionConflict):  # it took longer than the lease, and another worker goes on with it
            if cascade.subscribed_to and await self._ending.unfinished(cascade.subscribed_to):
                later = {"begun": True, "due_at": self._next_look(cascade)}
                await self._repository.save(cascade.model_copy(update=later))
            else:
                await self._repository.remove(cascade, self._over(cascade))

    async def _begin(self, cascade: Cascade) -> None:
        if cascade.subscribed_to:
            await self._ending.end_all(cascade.subscribed_to, cascade.until)
            self._on_ending()
        if cascade.user_row_id is not None:
            await self._endpoints.close_scope(user_scope(cascade.user_row_id))
        if cascade.service_id is not None and cascade.trigger_id is None:
            await self._endpoints.close_service(cascade.service_id, cascade.event_id, cascade.until)

    def _over(self, cascade: Cascade) -> list[Message]:
        if not cascade.subscribed_to:
            return []
        said = SubscriptionsEnded(platform_id=cascade.platform_id, **cascade.subscribed_to)
        return [encode(said, time=self._clock.now())]

    def _next_look(self, cascade: Cascade) -> datetime:
        """As long again as it has taken already, within bounds."""
        now = self._clock.now()
        return now + min(_RAREST_LOOK, max(_FIRST_LOOK, now - cascade.heard_at))
