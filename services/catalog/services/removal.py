"""Removing what was inside a deleted service, by its remover or, after a crash, by a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from libs.common.workers import LeasedRows
from services.catalog.services.models import Service
from services.catalog.services.repository import ServiceRepository

_SLOTS = 4
_POLL_S = 60.0


class Inside(Protocol):
    """A collection of what is inside services."""

    async def purge(self, service_id: str) -> None: ...


class Removal:
    """Ends a tombstone: everything inside first, itself last, so that it can begin again at any point."""

    def __init__(self, repository: ServiceRepository, inside: Sequence[Inside]) -> None:
        self._repository = repository
        self._inside = inside

    async def finish(self, service: Service) -> None:
        for collection in self._inside:
            await collection.purge(service.id)
        await self._repository.forget(service.id)

    def worker(self) -> LeasedRows[Service]:
        return LeasedRows("catalog.removal", self._repository.claim_removed, self.finish, slots=_SLOTS, poll_s=_POLL_S)
