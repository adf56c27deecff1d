"""Whether others may still see what is inside a service: what was deleted is for `delete` hooks alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from services.catalog.services.repository import ServiceRepository


class OfService(Protocol):
    """A question about something of a service; one without its id says nothing about it."""

    @property
    def service_id(self) -> str | None: ...

    @property
    def ended(self) -> bool: ...


Q = TypeVar("Q", bound=OfService)
A = TypeVar("A")


class Presence:
    """Lets questions through about services that are there; with `ended` also about those that were."""

    def __init__(self, services: ServiceRepository) -> None:
        self._services = services

    def guarded(self, answer: Callable[[Q], Awaitable[A | None]]) -> Callable[[Q], Awaitable[A | None]]:
        async def guarded(question: Q) -> A | None:
            if question.service_id is not None and not await self._there(question.service_id, ended=question.ended):
                return None
            return await answer(question)

        return guarded

    async def _there(self, service_id: str, *, ended: bool) -> bool:
        service = await self._services.get(service_id)
        return service is not None and (ended or service.removed_at is None)
