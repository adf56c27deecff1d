"""What catalog hears: that no subscription is left of what was deleted, so that nothing needs it any more."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.clock import CLOCKS_APART
from libs.common.contracts.catalog import Kind
from libs.common.contracts.envelope import decode
from libs.common.contracts.webhooks import SubscriptionsEnded
from services.catalog.components.removed import RemovedRepository
from services.catalog.services.removal import Removal


class EndedConsumer:
    """Heard twice, it finds nothing left; heard late, it leaves what was made anew under the same id."""

    def __init__(self, removal: Removal, removed: RemovedRepository) -> None:
        self._removal = removal
        self._removed = removed

    async def __call__(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, SubscriptionsEnded)
            if heard is None or heard.event.service_id is None:
                continue
            service_id, trigger_id = heard.event.service_id, heard.event.trigger_id
            if trigger_id is not None:
                await self._removed.forget(service_id, Kind.TRIGGER, trigger_id, heard.time + CLOCKS_APART)
            else:
                await self._removal.release(service_id, heard.time)
