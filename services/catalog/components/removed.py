"""Heads of deleted components: no path of the API leads to them, and their contents stay as long as they do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from libs.common.contracts.catalog import Kind
from libs.common.contracts.webhooks import KEPT_FOR_HOOKS
from libs.common.ids import new_id
from libs.common.store.port import Collection, Contains, Document, In, Index, Store, Value
from services.catalog.components.models import Head
from services.catalog.components.repository import refs_of, scoped
from services.catalog.purging import purge_service

REMOVED = Collection(
    "catalog.removed",
    {"service_id": "text", "head_id": "text", "refs": "texts", "removed_at": "time", "expires_at": "time"},
    (Index(("service_id",)), Index(("head_id",)), Index(("refs",))),
    expires="expires_at",
)


class RemovedRepository:
    """Removed heads, for a day at the most."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(REMOVED)

    async def keep(self, head: Head, now: datetime) -> None:
        """Before the head itself goes, so that nothing of it is swept between."""
        fields: dict[str, Value] = {
            "service_id": head.service_id,
            "head_id": head.id,
            "refs": refs_of(head),
            "removed_at": now,
            "expires_at": now + KEPT_FOR_HOOKS,
        }
        await self._documents.insert(Document(new_id(), fields, head.model_dump(mode="json")))

    async def by_ref(self, service_id: str, kind: Kind, ref: str) -> Head | None:
        """The one that was removed last of which `ref` was a row id, the identity or the name."""
        found = await self._documents.find({"refs": Contains((scoped(service_id, kind, ref),))})
        return _head(max(found, key=lambda document: document.id)) if found else None

    async def of(self, head_ids: Iterable[str]) -> list[Head]:
        found = await self._documents.find({"head_id": In(tuple(head_ids))})
        return [_head(document) for document in found]

    async def forget(self, service_id: str, kind: Kind, identity: str, until: datetime) -> None:
        """Those of this identity that were removed by then."""
        for document in await self._documents.find({"refs": Contains((scoped(service_id, kind, identity),))}):
            removed_at = document.fields["removed_at"]
            if isinstance(removed_at, datetime) and removed_at <= until:
                await self._documents.delete(document.id)

    async def purge(self, service_id: str) -> None:
        await purge_service(self._documents, service_id)


def _head(document: Document) -> Head:
    return Head.model_validate(document.body)
