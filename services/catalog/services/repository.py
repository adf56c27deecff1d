"""Services as documents: by id, by name within a platform, and public ones by their name alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Cursor, Document, Index, Sort, Store, Value, Where, cursor_after
from libs.common.web.paging import Page, page_of
from services.catalog.authorship import Actor
from services.catalog.services.models import Service

SERVICES = Collection(
    "catalog.services",
    {
        "platform_id": "text",
        "name": "text",
        "public_name": "text",
        "public": "boolean",
        "display_order": "integer",
        "purge_at": "time",
    },
    (
        Index(("platform_id", "name"), unique=True),
        Index(("public_name",), unique=True),
        Index(("platform_id", "display_order", "name")),
        Index(("public", "display_order", "name")),
        Index(("purge_at",)),
    ),
    due="purge_at",
)
PURGE_LEASE = timedelta(minutes=5)
_AS_SHOWN = (Sort("display_order"), Sort("name"))
_PUBLIC: Where = {"public": True}


class ServiceRepository:
    """Services; a tombstone is found by `get` alone."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(SERVICES)

    async def get(self, id: str) -> Service | None:
        """Whoever's it is, tombstones too."""
        document = await self._documents.get(id)
        return _service(document) if document else None

    async def visible(self, platform_id: str, ref: str) -> Service | None:
        """The service of that id, else the platform's own of that name, else the public one of that name."""
        by_id = await self.get(ref)
        if by_id is not None and by_id.open_to(platform_id):
            return by_id
        for where in ({"platform_id": platform_id, "name": ref}, {"public_name": ref}):
            found = await self._documents.find(where, limit=1)
            if found:
                return _service(found[0])
        return None

    async def ended(self, platform_id: str, id: str) -> Service | None:
        """The removed service of that id, if the platform could see it while it was there."""
        service = await self.get(id)
        if service is None or service.removed_at is None:
            return None
        return service if service.platform_id == platform_id or service.published else None

    async def page(self, actor: Actor, page: Page) -> tuple[list[Service], str | None]:
        """What the actor may see: of its own platform, and what is public, in one order."""
        seen: list[Document] = []
        after, wanted = page.after, page.limit + 1
        while len(seen) < wanted:
            stretch, after = await self._stretch(actor.platform_id, after, wanted)
            seen += [each for each in stretch if _service(each).visible_to(actor)]
            if after is None:
                break
        documents, following = page_of(seen[:wanted], page, _AS_SHOWN)
        return [_service(document) for document in documents], following

    async def _stretch(
        self, platform_id: str, after: Cursor | None, limit: int
    ) -> tuple[list[Document], Cursor | None]:
        """The next services that somebody of the platform may see, and where those after them begin."""
        own: Where = {"platform_id": platform_id}
        found = await asyncio.gather(
            *(self._documents.find(where, order=_AS_SHOWN, after=after, limit=limit) for where in (own, _PUBLIC))
        )
        merged = sorted({each.id: each for documents in found for each in documents}.values(), key=place)[:limit]
        complete = all(len(documents) < limit for documents in found) and len(merged) < limit
        return merged, None if complete else cursor_after(merged[-1], _AS_SHOWN)

    async def has_public(self, name: str, *, besides: str) -> bool:
        """Whether a service other than the one of that id is public under the name."""
        found = await self._documents.find({"public_name": name}, limit=1)
        return bool(found) and found[0].id != besides

    async def add(self, service: Service, events: Sequence[Message]) -> Service:
        """Raises DuplicateKey when the id or the name is taken."""
        return _service(await self._documents.insert(document_of(service), events))

    async def save(self, service: Service, events: Sequence[Message]) -> Service:
        """Raises DuplicateKey when the name is taken, RevisionConflict."""
        return _service(await self._documents.update(document_of(service), events))

    async def claim_removed(self, limit: int) -> list[Service]:
        """Tombstones that nothing needs any more, or whose purge was cut off."""
        found = await self._documents.claim({}, lease=PURGE_LEASE, limit=limit)
        return [_service(document) for document in found]

    async def forget(self, id: str) -> None:
        await self._documents.delete(id)


def place(document: Document) -> tuple[Any, ...]:
    """Where it is in the order `_AS_SHOWN`, as the store has it: what is absent comes last."""
    return place_of(cursor_after(document, _AS_SHOWN))


def place_of(cursor: Cursor) -> tuple[Any, ...]:
    order, name, id = cursor
    return order is None, order or 0, name, id


def _service(document: Document) -> Service:
    return Service.model_validate({**document.body, "id": document.id, "revision": document.revision})


def document_of(service: Service) -> Document:
    body = service.model_dump(mode="json", exclude={"id", "revision"})
    return Document(service.id, _fields(service), body, revision=service.revision)


def _fields(service: Service) -> dict[str, Value]:
    """A tombstone is in no index but that of what is to be purged."""
    if service.removed_at is not None:
        return {"purge_at": service.purge_at}
    return {
        "platform_id": service.platform_id,
        "name": service.name,
        "public_name": service.name if service.published else None,
        "public": True if service.published else None,
        "display_order": service.display_order,
    }
