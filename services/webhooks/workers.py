"""Where routing hands its deliveries over: those that find a free slot are tried at once, the others fall due."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.workers import LeasedRows
from services.webhooks.deliveries.deliveries import Deliveries
from services.webhooks.deliveries.models import Delivery


class DeliveryQueue:
    """The deliveries and the worker that tries them."""

    def __init__(self, deliveries: Deliveries, worker: LeasedRows[Delivery]) -> None:
        self._deliveries = deliveries
        self._worker = worker

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Durable when it returns; tried as soon as there is room."""
        self._worker.offer(await self._deliveries.add(deliveries, free=self._worker.free))
