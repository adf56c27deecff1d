"""What ends with a user, a service or a variable: its tokens and values. Heard twice or late, it is done once."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.clock import CLOCKS_APART
from libs.common.contracts.catalog import CatalogChanged, Kind
from libs.common.contracts.envelope import Heard, decode
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import SubscriptionsEnded
from libs.common.ids import derived_id
from services.credentials.endings import Endings
from services.credentials.models import Ending, Step
from services.credentials.values import Values


class Cascades:
    """Users' and services' endings are recorded; a variable's values go at once."""

    def __init__(self, endings: Endings, values: Values) -> None:
        self._endings = endings
        self._values = values

    async def users_changed(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, UserChanged)
            if heard is not None and heard.event.deleted:
                await self._endings.begin(_ending(heard, Step.END, user_row_id=heard.event.user_row_id))

    async def components_changed(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, CatalogChanged)
            if heard is not None and heard.event.deleted:
                await self._ended(heard)

    async def subscriptions_ended(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, SubscriptionsEnded)
            if heard is not None and heard.event.trigger_id is None:
                event = heard.event
                released = _ending(heard, Step.PURGE, user_row_id=event.user_row_id, service_id=event.service_id)
                await self._endings.release(released)

    async def _ended(self, heard: Heard[CatalogChanged]) -> None:
        event = heard.event
        if event.noun == "service":
            await self._endings.begin(_ending(heard, Step.END, service_id=event.service_id))
        elif event.noun == Kind.VARIABLE:
            await self._values.remove_all(event.service_id, event.id, heard.time + CLOCKS_APART)


def _ending(
    heard: Heard[UserChanged] | Heard[CatalogChanged] | Heard[SubscriptionsEnded],
    step: Step,
    *,
    user_row_id: str | None = None,
    service_id: str | None = None,
) -> Ending:
    return Ending(
        id=derived_id(heard.id, "ending"),
        user_row_id=user_row_id,
        service_id=service_id,
        step=step,
        deleted_at=heard.time,
        due_at=heard.time,
    )
