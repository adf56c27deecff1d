"""What webhooks hears: its own notifications, to be recorded; deleted users and services, whose subscriptions end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libs.common.bus.port import Message
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.envelope import decode
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import NotificationReceived
from libs.common.workers import LeasedRows
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.scoping import user_scope
from services.webhooks.notifications.notifications import Arrival, Notifications
from services.webhooks.subscriptions.ending import Ending


class NotificationConsumer:
    """Records notifications; those that the worker has room for are routed at once."""

    def __init__(self, notifications: Notifications, worker: LeasedRows[Arrival]) -> None:
        self._notifications = notifications
        self._worker = worker

    async def __call__(self, messages: Sequence[Message]) -> None:
        heard = [each for message in messages if (each := decode(message, NotificationReceived)) is not None]
        self._worker.offer(await self._notifications.record(heard, free=self._worker.free))


class CascadeConsumer:
    """Ends what a deleted user or service leaves behind; heard twice, it finds nothing left.

    `wake` tells the worker that runs the `delete` hooks.
    """

    def __init__(self, ending: Ending, endpoints: Endpoints, *, wake: Callable[[], None]) -> None:
        self._ending = ending
        self._endpoints = endpoints
        self._wake = wake

    async def users(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, UserChanged)
            if heard is not None and heard.event.deleted:
                await self._ending.end_of_user(heard.event.user_row_id)
                self._wake()
                await self._endpoints.close_scope(user_scope(heard.event.user_row_id))

    async def services(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, CatalogChanged)
            if heard is not None and heard.event.deleted and heard.event.noun == "service":
                await self._ending.end_of_service(heard.event.service_id)
                self._wake()
                await self._endpoints.close_service(heard.event.service_id)
