"""Endpoints as documents: unique by event and scope within a platform, found by their handle."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Document, Index, Sort, Store, Where
from services.webhooks.endpoints.models import Endpoint

ENDPOINTS = Collection(
    "webhooks.endpoints",
    {
        "platform_id": "text",
        "service_id": "text",
        "event_id": "text",
        "scope": "text",
        "state": "text",
        "expires_at": "time",
    },
    (
        Index(("state",), unique=True),
        Index(("platform_id", "service_id", "event_id", "scope"), unique=True),
        Index(("service_id",)),
        Index(("scope",)),
    ),
    expires="expires_at",
)
_FIELDS = set(ENDPOINTS.fields)
_OLDEST_FIRST = (Sort("id"),)


class EndpointRepository:
    """Endpoints, always within a platform but for the cascades of what they refer to."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(ENDPOINTS)

    async def by_state(self, platform_id: str, state: str) -> Endpoint | None:
        found = await self._documents.find({"state": state}, limit=1)
        endpoint = _endpoint(found[0]) if found else None
        return endpoint if endpoint is not None and endpoint.platform_id == platform_id else None

    async def by_scope(self, platform_id: str, service_id: str, event_id: str, scope: str) -> Endpoint | None:
        where = {"platform_id": platform_id, "service_id": service_id, "event_id": event_id, "scope": scope}
        found = await self._documents.find(where, limit=1)
        return _endpoint(found[0]) if found else None

    async def add(self, endpoint: Endpoint) -> Endpoint:
        """Raises DuplicateKey when the event has an endpoint of that scope."""
        return _endpoint(await self._documents.insert(_document(endpoint)))

    async def open_of_service(self, service_id: str, event_id: str | None) -> list[Endpoint]:
        """Endpoints of a service, or of one event of it, on all platforms, oldest first, for its deletion."""
        where: Where = {"service_id": service_id}
        return await self._open(where if event_id is None else {**where, "event_id": event_id})

    async def open_of_scope(self, scope: str) -> list[Endpoint]:
        """The endpoints of one scope, whichever event they belong to."""
        return await self._open({"scope": scope})

    async def save(self, endpoint: Endpoint, events: Sequence[Message] = ()) -> Endpoint:
        """Raises RevisionConflict."""
        return _endpoint(await self._documents.update(_document(endpoint), events))

    async def _open(self, where: Where) -> list[Endpoint]:
        found = await self._documents.find({**where, "expires_at": None}, order=_OLDEST_FIRST)
        return [_endpoint(document) for document in found]


def _endpoint(document: Document) -> Endpoint:
    return Endpoint.model_validate(
        {**document.body, **document.fields, "id": document.id, "revision": document.revision}
    )


def _document(endpoint: Endpoint) -> Document:
    fields = endpoint.model_dump(include=_FIELDS)
    body = endpoint.model_dump(mode="json", include={"sealed_secret", "inserted_at"})
    return Document(endpoint.id, fields, body, revision=endpoint.revision)
