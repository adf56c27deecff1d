"""Removing what was inside a deleted service, once no subscription's `delete` hook needs it any more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from libs.common.clock import CLOCKS_APART, Clock
from libs.common.store.port import RevisionConflict
from libs.common.workers import LeasedRows
from services.catalog.services.models import Service
from services.catalog.services.repository import ServiceRepository

_SLOTS = 4
_POLL_S = 60.0


class Inside(Protocol):
    """A collection of what is inside services."""

    async def purge(self, service_id: str) -> None: ...


class Removal:
    """Ends tombstones as they fall due: everything inside first, itself last, so that it can begin again anywhere."""

    def __init__(self, repository: ServiceRepository, inside: Sequence[Inside], clock: Clock) -> None:
        self._repository = repository
        self._inside = inside
        self._clock = clock
        self.worker = LeasedRows("catalog.removal", repository.claim_removed, self.finish, slots=_SLOTS, poll_s=_POLL_S)

    async def release(self, service_id: str, said_at: datetime) -> None:
        """Nothing needs the service any more if it had been deleted by then; does nothing for one that is there."""
        tombstone = await self._repository.get(service_id)
        if tombstone is None or tombstone.removed_at is None or tombstone.removed_at > said_at + CLOCKS_APART:
            return
        with suppress(RevisionConflict):  # it is being purged already
            due_now = self._clock.now() - CLOCKS_APART  # the store's clock may be behind
            await self._repository.save(tombstone.model_copy(update={"purge_at": due_now}), [])
        self.worker.wake()

    async def finish(self, service: Service) -> None:
        for collection in self._inside:
            await collection.purge(service.id)
        await self._repository.forget(service.id)
