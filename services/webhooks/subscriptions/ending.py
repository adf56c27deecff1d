"""Ending subscriptions: gone for their user at once, and their remote hooks removed as soon as that works."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from libs.common.clock import Clock
from libs.common.errors import Conflict, ServiceError
from libs.common.store.port import Cursor, RevisionConflict
from libs.logic.errors import LogicError
from services.webhooks.subscriptions.changes import Changes
from services.webhooks.subscriptions.models import Status, Subscription
from services.webhooks.subscriptions.repository import SubscriptionRepository

log = structlog.get_logger()

UNFINISHED_LEASE = timedelta(minutes=2)
_FIRST_REPEAT = timedelta(seconds=10)
_LAST_REPEAT = timedelta(hours=1)
_CREDENTIAL_AWAITED = timedelta(hours=24)
_CREDENTIAL_CODES = ("credential_required", "credential_invalid")
_GONE = (404, 410)
_CASCADE_CHUNK = 100


class RemoteHooks(Protocol):
    """What ending needs of the trigger and of the endpoints."""

    async def delete(self, subscription: Subscription) -> None:
        """Runs the `delete` hook, if there is one. Raises LogicError, ServiceError."""

    async def close(self, subscription: Subscription) -> None:
        """Closes the inbound endpoint that was made for this subscription alone."""


class Ending:
    """The verbs that end subscriptions."""

    def __init__(self, repository: SubscriptionRepository, changes: Changes, hooks: RemoteHooks, clock: Clock) -> None:
        self._repository = repository
        self._changes = changes
        self._hooks = hooks
        self._clock = clock

    async def end(self, subscription: Subscription) -> None:
        """Its remote hook is removed now or, if that fails, until it works. Raises Conflict."""
        due_at = self._clock.now() + UNFINISHED_LEASE
        await self.finish(await self._changes.save(subscription, {"status": Status.DELETING, "due_at": due_at}))

    async def end_all(self, of: Mapping[str, str], until: datetime | None) -> None:
        """Begins to end all with these fields that were made by then, or whenever.

        Their hooks run from their rows, so that a slow provider holds up no other deletion.
        """
        after: Cursor | None = None
        while True:
            found, after = await self._repository.not_ending(of, after, _CASCADE_CHUNK)
            meant = [each for each in found if until is None or each.inserted_at <= until]
            await asyncio.gather(*(self._begin(each) for each in meant))
            if after is None:
                return

    async def unfinished(self, of: Mapping[str, str]) -> bool:
        """Whether one with these fields is still being ended."""
        return await self._repository.any_ending(of)

    async def claim_unfinished(self, limit: int) -> list[Subscription]:
        return await self._repository.claim_unfinished(UNFINISHED_LEASE, limit)

    async def finish(self, subscription: Subscription) -> None:
        """Ends a subscription whose making or ending was interrupted; what fails falls due again."""
        try:
            await self._hooks.delete(subscription)
        except (LogicError, ServiceError) as error:
            if not self._is_over(subscription, error):
                await self._try_later(subscription, error)
                return
        await self._hooks.close(subscription)
        await self._changes.remove(subscription)

    async def _begin(self, subscription: Subscription) -> None:
        """Whatever else changes it meanwhile; one that is being made falls due when its maker is done or late."""
        known: Subscription | None = subscription
        while known is not None and known.status is not Status.DELETING:
            due_at = known.due_at if known.status is Status.CREATING else self._clock.now()
            try:
                await self._changes.save(known, {"status": Status.DELETING, "due_at": due_at})
                return
            except Conflict:
                known = await self._repository.get(subscription.platform_id, subscription.id)

    def _is_over(self, subscription: Subscription, error: LogicError | ServiceError) -> bool:
        """Whether the provider says that it is gone, or no credential came in a day to remove it with."""
        if isinstance(error, LogicError) and error.details.get("status") in _GONE:
            return True
        late = self._clock.now() - subscription.updated_at >= _CREDENTIAL_AWAITED
        return late and error.code in _CREDENTIAL_CODES

    async def _try_later(self, subscription: Subscription, error: LogicError | ServiceError) -> None:
        log.warning("subscription.ending_failed", subscription=subscription.id, code=error.code)
        try:
            await self._repository.save(subscription.model_copy(update={"due_at": self._later(subscription)}))
        except RevisionConflict:
            return  # another worker has it by now

    def _later(self, subscription: Subscription) -> datetime:
        """As long again as it has been ending already, within bounds."""
        now = self._clock.now()
        return now + min(_LAST_REPEAT, max(_FIRST_REPEAT, now - subscription.updated_at))
