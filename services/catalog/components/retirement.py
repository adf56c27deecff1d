"""Taking components away, unless a published service version holds on to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from libs.common.bus.port import Message
from libs.common.contracts.catalog import Kind
from services.catalog.components.models import Head, Row
from services.catalog.components.removed import RemovedRepository
from services.catalog.components.repository import HeadRepository
from services.catalog.versions.pinned import PinnedRows


class Retirement:
    """Every verb raises Conflict for what is pinned, RevisionConflict for what was changed since it was read."""

    def __init__(self, heads: HeadRepository, removed: RemovedRepository, pinned: PinnedRows) -> None:
        self._heads = heads
        self._removed = removed
        self._pinned = pinned

    async def take_row(self, head: Head, row: Row, events: Sequence[Message]) -> None:
        """One of several."""
        await self._pinned.refuse_removal([row.id])
        await self._heads.save(head.without(row), events)

    async def take_all(self, head: Head, now: datetime, events: Sequence[Message]) -> None:
        """A trigger's subscriptions end with it, so its `delete` hook must still be found by them."""
        await self._pinned.refuse_removal([row.id for row in head.rows])
        if head.kind is Kind.TRIGGER:
            await self._removed.keep(head, now)
        await self._heads.remove(head, events)
