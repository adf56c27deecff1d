"""Notifications as documents: the id is the dedupe key, the row is the queue. Large bodies stand apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from libs.common.ids import new_id
from libs.common.store.port import Collection, Document, Index, Sort, Store, Value
from libs.common.web.paging import Page, page_of
from services.webhooks.notifications.models import FanOut, Notification, Outcome, Progress

NOTIFICATIONS = Collection(
    "webhooks.notifications",
    {
        "platform_id": "text",
        "service_id": "text",
        "received_at": "time",
        "due_at": "time",
        "expires_at": "time",
    },
    (Index(("platform_id", "service_id", "received_at")), Index(("due_at",))),
    due="due_at",
    expires="expires_at",
)
BODIES = Collection("webhooks.bodies", {"expires_at": "time"}, expires="expires_at")
_NEWEST = (Sort("received_at", descending=True),)


class NotificationRepository:
    """Notifications, always within a platform but for the worker that takes what is due."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(NOTIFICATIONS)
        self._bodies = store.collection(BODIES)

    async def get(self, platform_id: str, service_id: str, id: str) -> Notification | None:
        document = await self._documents.get(id, payload=True)
        if document is None or document.fields["platform_id"] != platform_id:
            return None
        return _notification(document) if document.fields["service_id"] == service_id else None

    async def page(self, platform_id: str, service_id: str, page: Page) -> tuple[list[Notification], str | None]:
        where = {"platform_id": platform_id, "service_id": service_id}
        found = await self._documents.find(where, order=_NEWEST, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _NEWEST)
        return [_notification(document) for document in documents], following

    async def add(self, notifications: Sequence[Notification], *, lease: timedelta | None) -> list[Notification]:
        """Adds those whose dedupe key is new and answers them; leased, they belong to the caller."""
        if not notifications:
            return []
        inserted = await self._documents.insert_many([_document(each) for each in notifications], lease=lease)
        fresh = {document.id for document in inserted}
        added: list[Notification] = []
        for each in notifications:
            if each.id in fresh:  # of two with one key in a batch only the first was inserted
                fresh.remove(each.id)
                added.append(replace(each, revision=1))
        return added

    async def claim(self, lease: timedelta, limit: int) -> list[Notification]:
        found = await self._documents.claim({}, lease=lease, limit=limit, payload=True)
        return [_notification(document) for document in found]

    async def save(self, notification: Notification) -> Notification:
        """Raises RevisionConflict when the lease was lost. The content stays as it is."""
        saved = await self._documents.update(_document(notification, with_content=False))
        return replace(notification, revision=saved.revision)

    async def keep_body(self, body: bytes, expires_at: datetime) -> str:
        """Stores a large body before the event that refers to it."""
        document = await self._bodies.insert(Document(new_id(), {"expires_at": expires_at}, payload=body))
        return document.id

    async def body(self, ref: str) -> bytes:
        """A kept body; empty once it has expired."""
        document = await self._bodies.get(ref, payload=True)
        return document.payload or b"" if document is not None else b""


def _notification(document: Document) -> Notification:
    body, fields = document.body, document.fields
    return Notification(
        id=document.id,
        **fields,  # type: ignore[arg-type]  # a Document's fields are as NOTIFICATIONS declares them
        event_id=body["event_id"],
        endpoint_id=body["endpoint_id"],
        scope=body["scope"],
        log_id=body["log_id"],
        traceparent=body["traceparent"],
        body_ref=body["body_ref"],
        progress=Progress(body["progress"]),
        fan_out=FanOut(*body["fan_out"]),
        outcome=_outcome(**body["outcome"]),
        content=orjson.loads(document.payload) if document.payload is not None else None,
        revision=document.revision,
    )


def _outcome(triggers: list[str], errors: list[dict[str, Any]], **counts: int) -> Outcome:
    return Outcome(triggers=tuple(triggers), errors=tuple(errors), **counts)


def _document(notification: Notification, *, with_content: bool = True) -> Document:
    fields: dict[str, Value] = {
        "platform_id": notification.platform_id,
        "service_id": notification.service_id,
        "received_at": notification.received_at,
        "due_at": notification.due_at,
        "expires_at": notification.expires_at,
    }
    body = {
        "event_id": notification.event_id,
        "endpoint_id": notification.endpoint_id,
        "scope": notification.scope,
        "log_id": notification.log_id,
        "traceparent": notification.traceparent,
        "body_ref": notification.body_ref,
        "progress": notification.progress.value,
        "fan_out": (notification.fan_out.target, notification.fan_out.after),
        "outcome": notification.outcome,
    }
    payload = orjson.dumps(notification.content) if with_content and notification.content is not None else None
    return Document(notification.id, fields, body, payload, revision=notification.revision)
