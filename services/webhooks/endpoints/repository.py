"""Endpoints as documents: unique by event and scope within a platform, found by their handle."""

from __future__ import annotations

from libs.common.store.port import Collection, Document, Index, Store
from services.webhooks.endpoints.models import Endpoint

ENDPOINTS = Collection(
    "webhooks.endpoints",
    {"platform_id": "text", "service_id": "text", "event_id": "text", "scope": "text", "state": "text"},
    (
        Index(("state",), unique=True),
        Index(("platform_id", "service_id", "event_id", "scope"), unique=True),
        Index(("service_id",)),
    ),
)


class EndpointRepository:
    """Endpoints, always within a platform."""

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

    async def of_service(self, service_id: str) -> list[str]:
        """Ids of a service's endpoints on all platforms, for its deletion."""
        return [document.id for document in await self._documents.find({"service_id": service_id})]

    async def remove(self, id: str) -> None:
        await self._documents.delete(id)


def _endpoint(document: Document) -> Endpoint:
    return Endpoint.model_validate(
        {**document.body, **document.fields, "id": document.id, "revision": document.revision}
    )


def _document(endpoint: Endpoint) -> Document:
    fields = endpoint.model_dump(include={"platform_id", "service_id", "event_id", "scope", "state"})
    body = endpoint.model_dump(mode="json", include={"sealed_secret", "inserted_at"})
    return Document(endpoint.id, fields, body, revision=endpoint.revision)
