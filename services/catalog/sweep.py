"""Deleting what nothing names: contents that lost their head's or never got it, pins of no published version."""

from __future__ import annotations

from datetime import datetime, timedelta

from libs.common.clock import Clock
from libs.common.store.port import Cursor
from services.catalog.components.removed import RemovedRepository
from services.catalog.components.repository import ContentRepository, HeadRepository
from services.catalog.versions.repository import PinRepository, VersionRepository

SWEEP_INTERVAL_S = 60.0
_GRACE = timedelta(hours=1)  # far longer than any request takes from writing a content to naming it
_BATCH = 200


class Sweep:
    """Walks all contents and pins a stretch at a time, so that a round costs the same however many there are."""

    def __init__(
        self,
        heads: HeadRepository,
        removed: RemovedRepository,
        contents: ContentRepository,
        pins: PinRepository,
        versions: VersionRepository,
        clock: Clock,
    ) -> None:
        self._heads = heads
        self._removed = removed
        self._contents = contents
        self._pins = pins
        self._versions = versions
        self._clock = clock
        self._contents_after: Cursor | None = None
        self._pins_after: Cursor | None = None

    async def round(self) -> None:
        await self._sweep_pins()
        await self._sweep_contents()

    async def _sweep_pins(self) -> None:
        pins, self._pins_after = await self._pins.written_before(self._due(), self._pins_after, _BATCH)
        versions = await self._versions.many({pin.version_id for pin in pins}) if pins else []
        living = {version.pin_set for version in versions}
        await self._pins.forget([pin for pin in pins if pin.pin_set not in living])

    async def _sweep_contents(self) -> None:
        owners, self._contents_after = await self._contents.written_before(self._due(), self._contents_after, _BATCH)
        named = await self._named_by(set(owners.values())) if owners else set[str]()
        for content_id in owners.keys() - named:
            if not await self._pins.pinned(content_id):
                await self._contents.forget(content_id)

    async def _named_by(self, head_ids: set[str]) -> set[str]:
        """The contents that these heads have, or had and keep for `delete` hooks."""
        heads = [*await self._heads.many(head_ids), *await self._removed.of(head_ids)]
        return {row.content_id for head in heads for row in head.rows}

    def _due(self) -> datetime:
        return self._clock.now() - _GRACE
