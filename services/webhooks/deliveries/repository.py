"""Deliveries as documents: the row is the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from libs.common.store.port import Collection, Document, Index, Range, Sort, Store, Value, Where
from libs.common.web.paging import Page, page_of
from services.webhooks.deliveries.models import Attempt, Delivery, DeliveryStatus

DELIVERIES = Collection(
    "webhooks.deliveries",
    {
        "platform_id": "text",
        "subscription_id": "text",
        "status": "text",
        "created_at": "time",
        "due_at": "time",
        "expires_at": "time",
    },
    (
        Index(("platform_id", "subscription_id", "created_at")),
        Index(("platform_id", "subscription_id", "status", "created_at")),
        Index(("due_at",)),
    ),
    due="due_at",
    expires="expires_at",
)
_NEWEST = (Sort("created_at", descending=True),)


class DeliveryRepository:
    """Deliveries, always within a platform but for the worker that takes what is due."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(DELIVERIES)

    async def get(self, platform_id: str, subscription_id: str, id: str) -> Delivery | None:
        document = await self._documents.get(id)
        if document is None or document.fields["platform_id"] != platform_id:
            return None
        return _delivery(document) if document.fields["subscription_id"] == subscription_id else None

    async def page(self, platform_id: str, subscription_id: str, page: Page) -> tuple[list[Delivery], str | None]:
        where = {"platform_id": platform_id, "subscription_id": subscription_id}
        found = await self._documents.find(where, order=_NEWEST, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _NEWEST)
        return [_delivery(document) for document in documents], following

    async def dead(
        self, platform_id: str, subscription_id: str, since: datetime, until: datetime, limit: int
    ) -> list[Delivery]:
        """Dead letters made in this span, oldest first."""
        where: Where = {
            "platform_id": platform_id,
            "subscription_id": subscription_id,
            "status": "dead",
            "created_at": Range(at_least=since, less_than=until),
        }
        found = await self._documents.find(where, order=(Sort("created_at"),), limit=limit)
        return [_delivery(document) for document in found]

    async def add(self, deliveries: Sequence[Delivery], *, lease: timedelta | None) -> list[Delivery]:
        """Adds those that are new and answers them; leased, they belong to the caller."""
        if not deliveries:
            return []
        inserted = await self._documents.insert_many([_document(each) for each in deliveries], lease=lease)
        fresh = {document.id for document in inserted}
        return [replace(each, revision=1) for each in deliveries if each.id in fresh]

    async def claim(self, lease: timedelta, limit: int) -> list[Delivery]:
        return [
            _delivery(document) for document in await self._documents.claim({}, lease=lease, limit=limit, payload=True)
        ]

    async def save(self, delivery: Delivery) -> Delivery:
        """Raises RevisionConflict when the lease was lost. The payload stays as it is."""
        saved = await self._documents.update(_document(delivery, with_payload=False))
        return replace(delivery, revision=saved.revision)


def _delivery(document: Document) -> Delivery:
    body, fields = document.body, document.fields
    return Delivery(
        id=document.id,
        **{**fields, "status": DeliveryStatus(fields["status"])},  # type: ignore[arg-type]  # as DELIVERIES declares
        notification_id=body["notification_id"],
        type=body["type"],
        traceparent=body["traceparent"],
        attempts=tuple(_attempt(**attempt) for attempt in body["attempts"]),
        payload=document.payload,
        revision=document.revision,
    )


def _attempt(at: str, **members: Any) -> Attempt:
    return Attempt(at=datetime.fromisoformat(at), **members)


def _document(delivery: Delivery, *, with_payload: bool = True) -> Document:
    fields: dict[str, Value] = {
        "platform_id": delivery.platform_id,
        "subscription_id": delivery.subscription_id,
        "status": delivery.status.value,
        "created_at": delivery.created_at,
        "due_at": delivery.due_at,
        "expires_at": delivery.expires_at,
    }
    body = {
        "notification_id": delivery.notification_id,
        "type": delivery.type,
        "traceparent": delivery.traceparent,
        "attempts": delivery.attempts,
    }
    return Document(delivery.id, fields, body, delivery.payload if with_payload else None, revision=delivery.revision)
