"""Freezing a service version: one pin for each component, under a set that only the version's own write makes count."""

from __future__ import annotations

from libs.common.clock import Clock
from libs.common.ids import new_id
from libs.common.store.port import Cursor
from services.catalog.components.repository import HeadRepository
from services.catalog.versions.models import Pin
from services.catalog.versions.repository import PinRepository

_BATCH = 200


class Freezer:
    """Pins the latest published row of each component as it is now."""

    def __init__(self, heads: HeadRepository, pins: PinRepository, clock: Clock) -> None:
        self._heads = heads
        self._pins = pins
        self._clock = clock

    async def freeze(self, service_id: str, version_id: str) -> str:
        """The new pin set; the version that it is for names it in the write that publishes it."""
        pin_set, now = new_id(), self._clock.now()
        after: Cursor | None = None
        while True:
            heads, after = await self._heads.of_service(service_id, None, after, _BATCH)
            rows = [(head, row) for head in heads if (row := head.latest_published) is not None]
            await self._pins.add(
                [
                    Pin(
                        pin_set=pin_set,
                        version_id=version_id,
                        written_at=now,
                        head=head.model_copy(update={"rows": (row,)}),
                    )
                    for head, row in rows
                ]
            )
            if after is None:
                return pin_set
