"""Writing subscriptions down, each change with its event."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.webhooks import SubscriptionChanged
from libs.common.errors import Conflict
from libs.common.store.port import RevisionConflict
from services.webhooks.subscriptions.models import Status, Subscription
from services.webhooks.subscriptions.repository import SubscriptionRepository


class Changes:
    """Changes and removes rows; whoever holds them in memory hears of it."""

    def __init__(self, repository: SubscriptionRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def save(self, subscription: Subscription, changes: dict[str, Any]) -> Subscription:
        """Raises Conflict when it was changed since it was read."""
        changed = subscription.model_copy(update={**changes, "updated_at": self._clock.now()})
        try:
            return await self._repository.save(changed, [self._said(changed)])
        except RevisionConflict:
            raise Conflict(
                "changed_meanwhile", "The subscription was changed by another request at the same time; try again."
            ) from None

    async def note(self, subscription: Subscription, changes: dict[str, Any]) -> None:
        """A change that loses against any other: its cause comes again."""
        with suppress(Conflict):
            await self.save(subscription, changes)

    async def remove(self, subscription: Subscription) -> None:
        """Does nothing when it was changed since it was read: whoever did that goes on with it."""
        with suppress(RevisionConflict):
            await self._repository.remove(subscription, [self._said(subscription, removed=True)])

    def _said(self, subscription: Subscription, *, removed: bool = False) -> Message:
        event = SubscriptionChanged(
            platform_id=subscription.platform_id,
            subscription_id=subscription.id,
            service_id=subscription.service_id,
            trigger_id=subscription.trigger_id,
            user_row_id=subscription.user_row_id,
            status=subscription.status.value,
            revision=subscription.revision + 1,
            deleted=removed or subscription.status is Status.DELETING,
        )
        return encode(event, time=self._clock.now())
