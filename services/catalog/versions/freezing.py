"""Freezing a service version: one pin for each component, under a set that only the version's own write makes count."""

from __future__ import annotations

from libs.common.clock import Clock
from libs.common.ids import new_id
from libs.common.store.port import Cursor
from services.catalog.components.repository import HeadRepository
from services.catalog.services.models import Service
from services.catalog.versions.models import Pin, Version
from services.catalog.versions.release import ReleaseCheck
from services.catalog.versions.repository import PinRepository

_BATCH = 200


class Freezer:
    """Pins the latest published row of each component as it is now."""

    def __init__(self, heads: HeadRepository, pins: PinRepository, release: ReleaseCheck, clock: Clock) -> None:
        self._heads = heads
        self._pins = pins
        self._release = release
        self._clock = clock

    async def freeze(self, service: Service, version: Version, *, after: Version | None, public: bool) -> Version:
        """The version with its pins, found fit to follow `after`; its own write makes them count. Raises Conflict."""
        pin_set = await self._pin(service.id, version.id)
        frozen = version.model_copy(update={"pin_set": pin_set, "published_at": self._clock.now()})
        await self._release.refuse_unfit(service, frozen, after=after, public=public)
        return frozen

    async def refuse_unfit_for_all(self, service: Service, version: Version) -> None:
        """Raises Conflict for what other platforms could not use of a version that is frozen already."""
        await self._release.refuse_unfit(service, version, public=True)

    async def _pin(self, service_id: str, version_id: str) -> str:
        """The new pin set."""
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
