"""Components as documents: heads, found by whatever names them, and contents.

Both are always asked for within a service, which the caller has found for its platform.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from libs.common.bus.port import Message
from libs.common.contracts.catalog import BoundName, Kind
from libs.common.ids import derived_id
from libs.common.store.port import (
    Collection,
    Contains,
    Cursor,
    Document,
    In,
    Index,
    Range,
    Sort,
    Store,
    Value,
    Where,
    cursor_after,
)
from libs.common.web.paging import Page, page_of
from services.catalog.components.models import Content, Found, Head, Row
from services.catalog.purging import purge_service

HEADS = Collection(
    "catalog.components",
    {"service_id": "text", "kind": "text", "name": "text", "identity": "text", "refs": "texts"},
    (
        Index(("service_id", "kind", "name"), unique=True),
        Index(("service_id", "kind", "identity"), unique=True),
        Index(("refs",)),
    ),
    required=frozenset({"service_id", "kind", "name", "identity"}),
)
CONTENTS = Collection(
    "catalog.contents",
    {"service_id": "text", "head_id": "text", "written_at": "time"},
    (Index(("service_id",)), Index(("written_at",))),
)
LOGIC_VERSION = 1
_BY_NAME = (Sort("name"),)
_BY_KIND = (Sort("kind"), Sort("name"))
_BY_AGE = (Sort("written_at"),)
_MOST_NAMESAKES = 8


def head_id_of(first_row_id: str) -> str:
    """A head's id follows from its first row's: two creates of one row id, wherever, meet at one document."""
    return derived_id(first_row_id, "component")


class HeadRepository:
    """Heads. `refs` holds everything that addresses one, each within its service and kind, and its row ids alone."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(HEADS)

    async def get(self, id: str) -> Head | None:
        document = await self._documents.get(id)
        return _head(document) if document else None

    async def many(self, ids: Iterable[str]) -> list[Head]:
        return [_head(document) for document in await self._documents.find({"id": In(tuple(ids))})]

    async def by_ref(self, service_id: str, kind: Kind, ref: str) -> Head | None:
        """The component of which `ref` is a row id, else the identity, else the name."""
        found = await self._documents.find({"refs": Contains((scoped(service_id, kind, ref),))}, limit=_MOST_NAMESAKES)
        return min(map(_head, found), key=lambda head: head.precedence(ref), default=None)

    async def holding(self, service_id: str, kind: Kind, refs: Iterable[str]) -> list[Head]:
        """The components that any of `refs` addresses."""
        wanted = [{"refs": Contains((scoped(service_id, kind, ref),))} for ref in dict.fromkeys(refs)]
        found = await asyncio.gather(*(self._documents.find(where, limit=_MOST_NAMESAKES) for where in wanted))
        return [_head(document) for documents in found for document in documents]

    async def refs_held(self, service_id: str, kind: Kind, refs: Iterable[str]) -> set[str]:
        """Those of `refs` that address some component."""
        wanted = tuple(dict.fromkeys(refs))
        found = await asyncio.gather(*(self.by_ref(service_id, kind, ref) for ref in wanted))
        return {ref for ref, head in zip(wanted, found, strict=True) if head is not None}

    async def by_row(self, row_id: str) -> Head | None:
        """The component, of any service, that has this row."""
        found = await self._documents.find({"refs": Contains((_of_row(row_id),))}, limit=1)
        return _head(found[0]) if found else None

    async def page(self, service_id: str, kind: Kind | None, page: Page) -> tuple[list[Head], str | None]:
        """Those of a kind by name, or all by kind and name."""
        order = _BY_KIND if kind is None else _BY_NAME
        found = await self._documents.find(
            _within(service_id, kind), order=order, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, order)
        return [_head(document) for document in documents], following

    async def of_service(
        self, service_id: str, kind: Kind | None, after: Cursor | None, limit: int
    ) -> tuple[list[Head], Cursor | None]:
        """A stretch of all heads, or all of one kind, by name, and where the next one begins."""
        order = _BY_KIND if kind is None else _BY_NAME
        found = await self._documents.find(_within(service_id, kind), order=order, after=after, limit=limit)
        following = cursor_after(found[-1], order) if len(found) == limit else None
        return [_head(document) for document in found], following

    async def add(self, head: Head, events: Sequence[Message]) -> Head:
        """Raises DuplicateKey when the id, the name or the identity is taken."""
        return _head(await self._documents.insert(_head_document(head), events))

    async def save(self, head: Head, events: Sequence[Message]) -> Head:
        """Raises DuplicateKey when the name is taken, RevisionConflict."""
        return _head(await self._documents.update(_head_document(head), events))

    async def remove(self, head: Head, events: Sequence[Message] = ()) -> None:
        """Raises RevisionConflict."""
        await self._documents.delete(head.id, revision=head.revision, events=events)

    async def purge(self, service_id: str) -> None:
        await purge_service(self._documents, service_id)


class ContentRepository:
    """Contents, each under the id that its row computes."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(CONTENTS)

    async def of(self, head: Head, row: Row) -> Found | None:
        """None when the row was changed since the head was read, and its old content swept."""
        document = await self._documents.get(row.content_id)
        return _found(head, row, document) if document else None

    async def of_all(self, rows: Sequence[tuple[Head, Row]]) -> list[Found]:
        """All at once, in the order of `rows`; without those whose content is gone."""
        ids = tuple(row.content_id for _, row in rows)
        documents = await self._documents.find({"id": In(ids)}, limit=len(ids)) if ids else []
        by_id = {document.id: document for document in documents}
        return [_found(head, row, by_id[row.content_id]) for head, row in rows if row.content_id in by_id]

    async def add(self, content: Content) -> None:
        """Raises DuplicateKey when another request wrote the same revision."""
        fields: dict[str, Value] = {
            "service_id": content.service_id,
            "head_id": content.head_id,
            "written_at": content.written_at,
        }
        body = {
            "members": content.members,
            "logicVersion": LOGIC_VERSION,
            "bound": [each.model_dump(mode="json") for each in content.bound],
        }
        await self._documents.insert(Document(content.id, fields, body))

    async def written_before(
        self, moment: datetime, after: Cursor | None, limit: int
    ) -> tuple[dict[str, str], Cursor | None]:
        """A stretch of the contents, oldest first, as id and head id, and where the next one begins."""
        found = await self._documents.find(
            {"written_at": Range(less_than=moment)}, order=_BY_AGE, after=after, limit=limit
        )
        following = cursor_after(found[-1], _BY_AGE) if len(found) == limit else None
        return {document.id: str(document.fields["head_id"]) for document in found}, following

    async def forget(self, id: str) -> None:
        await self._documents.delete(id)

    async def purge(self, service_id: str) -> None:
        await purge_service(self._documents, service_id)


def _found(head: Head, row: Row, document: Document) -> Found:
    bound = document.body.get("bound", ())  # contents of earlier releases have none
    return Found(head, row, document.body["members"], tuple(BoundName.model_validate(each) for each in bound))


def _within(service_id: str, kind: Kind | None) -> Where:
    return {"service_id": service_id} if kind is None else {"service_id": service_id, "kind": kind.value}


def scoped(service_id: str, kind: Kind, ref: str) -> str:
    """How a ref is kept among the `refs` of a head."""
    return f"{service_id}/{kind.value}/{ref}"


def refs_of(head: Head) -> tuple[str, ...]:
    """Everything that addresses the head within its service and kind."""
    named = (head.name, head.identity, *(row.id for row in head.rows))
    return tuple(scoped(head.service_id, head.kind, ref) for ref in named)


def _of_row(row_id: str) -> str:
    return f"row/{row_id}"


def _head(document: Document) -> Head:
    return Head.model_validate({**document.body, "id": document.id, "revision": document.revision})


def _head_document(head: Head) -> Document:
    fields: dict[str, Value] = {
        "service_id": head.service_id,
        "kind": head.kind.value,
        "name": head.name,
        "identity": head.identity,
        "refs": (*refs_of(head), *(_of_row(row.id) for row in head.rows)),
    }
    return Document(head.id, fields, head.model_dump(mode="json", exclude={"id", "revision"}), revision=head.revision)
