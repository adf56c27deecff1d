"""Service versions and their pins as documents, always within a service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from libs.common.bus.port import Message
from libs.common.contracts.catalog import Kind
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
    cursor_after,
)
from libs.common.web.paging import Page, page_of
from services.catalog.purging import purge_service
from services.catalog.versions.models import Pin, Version

VERSIONS = Collection(
    "catalog.versions",
    {"service_id": "text", "name": "text", "published_at": "time"},
    (Index(("service_id", "name"), unique=True), Index(("service_id", "published_at"))),
    required=frozenset({"service_id", "name"}),
)
PINS = Collection(
    "catalog.pins",
    {
        "service_id": "text",
        "pin_set": "text",
        "kind": "text",
        "name": "text",
        "row_id": "text",
        "content_id": "text",
        "refs": "texts",
        "written_at": "time",
    },
    (
        Index(("service_id",)),
        Index(("pin_set", "kind", "name")),
        Index(("row_id",)),
        Index(("content_id",)),
        Index(("refs",)),
        Index(("written_at",)),
    ),
    required=frozenset({"pin_set", "kind", "name"}),
)
_BY_NAME = (Sort("name"),)
_NEWEST_PUBLISHED = (Sort("published_at", descending=True),)
_BY_KIND = (Sort("kind"), Sort("name"))
_BY_AGE = (Sort("written_at"),)
_MOST_NAMESAKES = 8


class VersionRepository:
    """Service versions."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(VERSIONS)

    async def get(self, id: str) -> Version | None:
        """Whichever service's it is."""
        document = await self._documents.get(id)
        return _version(document) if document else None

    async def many(self, ids: Iterable[str]) -> list[Version]:
        return [_version(document) for document in await self._documents.find({"id": In(tuple(ids))})]

    async def by_ref(self, service_id: str, ref: str) -> Version | None:
        """The version of that id, else of that name."""
        by_id = await self.get(ref)
        if by_id is not None and by_id.service_id == service_id:
            return by_id
        found = await self._documents.find({"service_id": service_id, "name": ref}, limit=1)
        return _version(found[0]) if found else None

    async def latest_published(self, service_id: str) -> Version | None:
        """The one that was published last."""
        found = await self._documents.find({"service_id": service_id}, order=_NEWEST_PUBLISHED, limit=1)
        return next((version for version in map(_version, found) if version.published), None)

    async def page(self, service_id: str, page: Page) -> tuple[list[Version], str | None]:
        found = await self._documents.find(
            {"service_id": service_id}, order=_BY_NAME, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _BY_NAME)
        return [_version(document) for document in documents], following

    async def add(self, version: Version, events: Sequence[Message]) -> Version:
        """Raises DuplicateKey when the id or the name is taken."""
        return _version(await self._documents.insert(_version_document(version), events))

    async def save(self, version: Version, events: Sequence[Message]) -> Version:
        """Raises DuplicateKey when the name is taken, RevisionConflict."""
        return _version(await self._documents.update(_version_document(version), events))

    async def remove(self, version: Version, events: Sequence[Message] = ()) -> None:
        """Raises RevisionConflict."""
        await self._documents.delete(version.id, revision=version.revision, events=events)

    async def purge(self, service_id: str) -> None:
        await purge_service(self._documents, service_id)


class PinRepository:
    """Pins."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(PINS)

    async def add(self, pins: Sequence[Pin]) -> None:
        await self._documents.insert_many([_pin_document(pin) for pin in pins])

    async def by_ref(self, pin_set: str, kind: Kind, ref: str) -> Pin | None:
        """The pinned component of which `ref` is the identity, else the name."""
        found = await self._documents.find({"refs": Contains((_scoped(pin_set, kind, ref),))}, limit=_MOST_NAMESAKES)
        return min(map(_pin, found), key=lambda pin: pin.head.precedence(ref), default=None)

    async def of_set(self, pin_set: str, after: Cursor | None, limit: int) -> tuple[list[Pin], Cursor | None]:
        """A stretch of a set's pins by kind and name, and where the next one begins."""
        found = await self._documents.find({"pin_set": pin_set}, order=_BY_KIND, after=after, limit=limit)
        following = cursor_after(found[-1], _BY_KIND) if len(found) == limit else None
        return [_pin(document) for document in found], following

    async def page(self, pin_set: str, page: Page) -> tuple[list[Pin], str | None]:
        found = await self._documents.find({"pin_set": pin_set}, order=_BY_KIND, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _BY_KIND)
        return [_pin(document) for document in documents], following

    async def of_rows(self, row_ids: Iterable[str]) -> list[Pin]:
        """Pins of these rows, those of a cut-off freeze too."""
        found = await self._documents.find({"row_id": In(tuple(row_ids))})
        return [_pin(document) for document in found]

    async def pinned(self, content_id: str) -> bool:
        return bool(await self._documents.find({"content_id": content_id}, limit=1))

    async def written_before(
        self, moment: datetime, after: Cursor | None, limit: int
    ) -> tuple[list[Pin], Cursor | None]:
        """A stretch of the pins, oldest first, and where the next one begins."""
        found = await self._documents.find(
            {"written_at": Range(less_than=moment)}, order=_BY_AGE, after=after, limit=limit
        )
        following = cursor_after(found[-1], _BY_AGE) if len(found) == limit else None
        return [_pin(document) for document in found], following

    async def forget(self, pins: Iterable[Pin]) -> None:
        await asyncio.gather(*(self._documents.delete(_pin_id(pin)) for pin in pins))

    async def purge(self, service_id: str) -> None:
        await purge_service(self._documents, service_id)


def _scoped(pin_set: str, kind: Kind, ref: str) -> str:
    return f"{pin_set}/{kind.value}/{ref}"


def _version(document: Document) -> Version:
    return Version.model_validate({**document.body, "id": document.id, "revision": document.revision})


def _version_document(version: Version) -> Document:
    fields: dict[str, Value] = {
        "service_id": version.service_id,
        "name": version.name,
        "published_at": version.published_at,
    }
    body = version.model_dump(mode="json", exclude={"id", "revision"})
    return Document(version.id, fields, body, revision=version.revision)


def _pin_id(pin: Pin) -> str:
    return f"{pin.pin_set}.{pin.head.id}"


def _pin(document: Document) -> Pin:
    return Pin.model_validate(document.body)


def _pin_document(pin: Pin) -> Document:
    head = pin.head
    fields: dict[str, Value] = {
        "service_id": head.service_id,
        "pin_set": pin.pin_set,
        "kind": head.kind.value,
        "name": head.name,
        "row_id": pin.row.id,
        "content_id": pin.row.content_id,
        "refs": tuple(_scoped(pin.pin_set, head.kind, ref) for ref in (head.name, head.identity)),
        "written_at": pin.written_at,
    }
    return Document(_pin_id(pin), fields, pin.model_dump(mode="json"))
