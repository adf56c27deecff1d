"""Services as documents: by id, by name within a platform, and public ones by their name alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Document, Index, Sort, Store, Value
from libs.common.web.paging import Page, page_of
from services.catalog.services.models import Service

SERVICES = Collection(
    "catalog.services",
    {
        "platform_id": "text",
        "name": "text",
        "public_name": "text",
        "display_order": "integer",
        "purge_at": "time",
    },
    (
        Index(("platform_id", "name"), unique=True),
        Index(("public_name",), unique=True),
        Index(("platform_id", "display_order", "name")),
        Index(("purge_at",)),
    ),
    due="purge_at",
)
PURGE_LEASE = timedelta(minutes=5)
_AS_SHOWN = (Sort("display_order"), Sort("name"))


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
        if by_id is not None and by_id.visible_to(platform_id):
            return by_id
        for where in ({"platform_id": platform_id, "name": ref}, {"public_name": ref}):
            found = await self._documents.find(where, limit=1)
            if found:
                return _service(found[0])
        return None

    async def page(self, platform_id: str, page: Page) -> tuple[list[Service], str | None]:
        found = await self._documents.find(
            {"platform_id": platform_id}, order=_AS_SHOWN, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _AS_SHOWN)
        return [_service(document) for document in documents], following

    async def add(self, service: Service, events: Sequence[Message]) -> Service:
        """Raises DuplicateKey when the id or the name is taken."""
        return _service(await self._documents.insert(_document(service), events))

    async def save(self, service: Service, events: Sequence[Message]) -> Service:
        """Raises DuplicateKey when the name is taken, RevisionConflict."""
        return _service(await self._documents.update(_document(service), events))

    async def claim_removed(self, limit: int) -> list[Service]:
        """Tombstones whose purge was cut off."""
        found = await self._documents.claim({}, lease=PURGE_LEASE, limit=limit)
        return [_service(document) for document in found]

    async def forget(self, id: str) -> None:
        await self._documents.delete(id)


def _service(document: Document) -> Service:
    return Service.model_validate({**document.body, "id": document.id, "revision": document.revision})


def _document(service: Service) -> Document:
    body = service.model_dump(mode="json", exclude={"id", "revision"})
    return Document(service.id, _fields(service, service.removed_at), body, revision=service.revision)


def _fields(service: Service, removed_at: datetime | None) -> dict[str, Value]:
    """A tombstone is in no index but that of what is to be purged; its remover has it first."""
    if removed_at is not None:
        return {"purge_at": removed_at + PURGE_LEASE}
    return {
        "platform_id": service.platform_id,
        "name": service.name,
        "public_name": service.name if service.sharing == "public" else None,
        "display_order": service.display_order,
    }
