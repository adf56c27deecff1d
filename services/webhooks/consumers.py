"""What webhooks hears: its own notifications, to be recorded; what was deleted elsewhere, of which cascades come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.catalog import CatalogChanged, Kind
from libs.common.contracts.envelope import E, Heard, decode
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import NotificationReceived
from libs.common.ids import derived_id
from libs.common.workers import LeasedRows
from services.webhooks.cascades.cascades import Cascades
from services.webhooks.cascades.models import Cascade
from services.webhooks.notifications.notifications import Arrival, Notifications

_NAMED_BY = {"service": None, Kind.TRIGGER.value: "trigger_id", Kind.EVENT.value: "event_id"}
"""The nouns of catalog whose deletion ends something here, and the member that names the one inside a service."""


class NotificationConsumer:
    """Records notifications; those that the worker has room for are routed at once."""

    def __init__(self, notifications: Notifications, worker: LeasedRows[Arrival]) -> None:
        self._notifications = notifications
        self._worker = worker

    async def __call__(self, messages: Sequence[Message]) -> None:
        heard = [each for message in messages if (each := decode(message, NotificationReceived)) is not None]
        self._worker.offer(await self._notifications.record(heard, free=self._worker.free))


class CascadeConsumer:
    """Records a cascade for what was deleted; its id follows from the event's, so heard twice it is one.

    `wake` tells the worker that carries them through.
    """

    def __init__(self, cascades: Cascades, clock: Clock, *, wake: Callable[[], None]) -> None:
        self._cascades = cascades
        self._clock = clock
        self._wake = wake

    async def users(self, messages: Sequence[Message]) -> None:
        heard = _heard(messages, UserChanged)
        await self._record(
            [self._cascade(each, user_row_id=each.event.user_row_id) for each in heard if each.event.deleted]
        )

    async def components(self, messages: Sequence[Message]) -> None:
        heard = _heard(messages, CatalogChanged)
        await self._record(
            [
                self._cascade(each, service_id=each.event.service_id, **_inside(each.event))
                for each in heard
                if each.event.deleted and each.event.noun in _NAMED_BY
            ]
        )

    async def _record(self, cascades: Sequence[Cascade]) -> None:
        if cascades:
            await self._cascades.record(cascades)
            self._wake()

    def _cascade(self, heard: Heard[UserChanged] | Heard[CatalogChanged], **ids: str) -> Cascade:
        now = self._clock.now()
        return Cascade(
            id=derived_id(heard.id, "cascade"),
            platform_id=heard.event.platform_id,
            deleted_at=heard.time,
            heard_at=now,
            due_at=now,
            **ids,
        )


def _heard(messages: Sequence[Message], type_: type[E]) -> Iterator[Heard[E]]:
    return (heard for message in messages if (heard := decode(message, type_)) is not None)


def _inside(event: CatalogChanged) -> dict[str, str]:
    member = _NAMED_BY[event.noun]
    return {} if member is None else {member: event.id}
