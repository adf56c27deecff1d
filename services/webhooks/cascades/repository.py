"""Cascades as documents, due until they are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Document, Index, Store
from services.webhooks.cascades.models import Cascade

CASCADES = Collection("webhooks.cascades", {"due_at": "time"}, (Index(("due_at",)),), due="due_at")


class CascadeRepository:
    """Cascades."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(CASCADES)

    async def add(self, cascades: Sequence[Cascade]) -> None:
        """Those that are there already stay as they are."""
        await self._documents.insert_many([_document(cascade) for cascade in cascades])

    async def claim(self, lease: timedelta, limit: int) -> list[Cascade]:
        return [_cascade(document) for document in await self._documents.claim({}, lease=lease, limit=limit)]

    async def save(self, cascade: Cascade) -> None:
        """Raises RevisionConflict when another worker has it by now."""
        await self._documents.update(_document(cascade))

    async def remove(self, cascade: Cascade, events: Sequence[Message]) -> None:
        """Raises RevisionConflict when another worker has it by now."""
        await self._documents.delete(cascade.id, revision=cascade.revision, events=events)


def _cascade(document: Document) -> Cascade:
    return Cascade.model_validate(
        {**document.body, **document.fields, "id": document.id, "revision": document.revision}
    )


def _document(cascade: Cascade) -> Document:
    body = cascade.model_dump(mode="json", exclude={"id", "revision", "due_at"})
    return Document(cascade.id, {"due_at": cascade.due_at}, body, revision=cascade.revision)
