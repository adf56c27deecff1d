"""Subscriptions as documents: matched by trigger and terms, listed by user, claimed while unfinished.

Their state is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import orjson

from libs.common.bus.port import Message
from libs.common.sealing import Sealer
from libs.common.store.port import (
    Collection,
    Contains,
    Cursor,
    Document,
    In,
    Index,
    Sort,
    Store,
    Where,
    cursor_after,
)
from libs.common.web.paging import Page, page_of
from services.webhooks.subscriptions.models import HEARING, STANDING, Status, Subscription

SUBSCRIPTIONS = Collection(
    "webhooks.subscriptions",
    {
        "platform_id": "text",
        "service_id": "text",
        "trigger_id": "text",
        "user_row_id": "text",
        "status": "text",
        "terms": "texts",
        "due_at": "time",
    },
    (
        Index(("platform_id", "trigger_id")),
        Index(("platform_id", "user_row_id")),
        Index(("platform_id",)),
        Index(("service_id",)),
        Index(("service_id", "status")),
        Index(("service_id", "trigger_id")),
        Index(("user_row_id",)),
        Index(("due_at",)),
    ),
    due="due_at",
)
_FIELDS = {"platform_id", "service_id", "trigger_id", "user_row_id", "status", "terms", "due_at"}
_BY_ID = (Sort("id"),)
_STANDING = In(tuple(STANDING))
_NOT_ENDING = In((*STANDING, Status.CREATING))


class SubscriptionRepository:
    """Subscriptions, always within a platform but for the cascades of what they refer to."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._documents = store.collection(SUBSCRIPTIONS)
        self._sealer = sealer

    async def get(self, platform_id: str, id: str) -> Subscription | None:
        document = await self._documents.get(id)
        if document is None or document.fields["platform_id"] != platform_id:
            return None
        return await self._read(document)

    async def page(
        self, platform_id: str, user_row_id: str | None, page: Page
    ) -> tuple[list[Subscription], str | None]:
        where: Where = {"platform_id": platform_id, "status": _STANDING}
        if user_row_id is not None:
            where = {**where, "user_row_id": user_row_id}
        found = await self._documents.find(where, order=_BY_ID, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _BY_ID)
        return [await self._read(document) for document in documents], following

    async def hearing(
        self, platform_id: str, trigger_id: str, terms: tuple[str, ...], *, after: Cursor | None, limit: int
    ) -> list[Subscription]:
        """Those of a trigger that listen now and hold all the terms, by id."""
        where: Where = {
            "platform_id": platform_id,
            "trigger_id": trigger_id,
            "status": In(tuple(HEARING)),
            **({"terms": Contains(terms)} if terms else {}),
        }
        found = await self._documents.find(where, order=_BY_ID, after=after, limit=limit)
        return [await self._read(document) for document in found]

    async def not_ending(
        self, of: Mapping[str, str], after: Cursor | None, limit: int
    ) -> tuple[list[Subscription], Cursor | None]:
        """A stretch of those with these fields that aren't being ended, and where the next one begins."""
        where: Where = {**of, "status": _NOT_ENDING}
        found = await self._documents.find(where, order=_BY_ID, after=after, limit=limit)
        following = cursor_after(found[-1], _BY_ID) if len(found) == limit else None
        return [await self._read(document) for document in found], following

    async def any_ending(self, of: Mapping[str, str]) -> bool:
        """Whether one with these fields is being ended."""
        return bool(await self._documents.find({**of, "status": Status.DELETING.value}, limit=1))

    async def count_of_service(self, service_id: str) -> int:
        """Of those that aren't being ended, on every platform."""
        return await self._documents.count({"service_id": service_id, "status": _NOT_ENDING})

    async def claim_unfinished(self, lease: timedelta, limit: int) -> list[Subscription]:
        found = await self._documents.claim({}, lease=lease, limit=limit)
        return [await self._read(document) for document in found]

    async def add(self, subscription: Subscription, events: Sequence[Message]) -> Subscription:
        """Raises DuplicateKey when the id is taken."""
        return _as_stored(subscription, await self._documents.insert(await self._written(subscription), events))

    async def save(self, subscription: Subscription, events: Sequence[Message] = ()) -> Subscription:
        """Raises RevisionConflict."""
        return _as_stored(subscription, await self._documents.update(await self._written(subscription), events))

    async def remove(self, subscription: Subscription, events: Sequence[Message]) -> None:
        await self._documents.delete(subscription.id, revision=subscription.revision, events=events)

    async def _read(self, document: Document) -> Subscription:
        body, fields = document.body, document.fields
        state = body["state"]
        if state is not None:
            platform_id = str(fields["platform_id"])
            state = orjson.loads(await self._sealer.open(platform_id, state, **_place(platform_id, document.id)))
        return Subscription.model_validate(
            {**body, **fields, "state": state, "id": document.id, "revision": document.revision}
        )

    async def _written(self, subscription: Subscription) -> Document:
        fields = subscription.model_dump(include=_FIELDS)
        fields["status"] = subscription.status.value
        body = subscription.model_dump(mode="json", exclude={*_FIELDS, "id", "revision", "state"})
        body["state"] = await self._sealed_state(subscription)
        return Document(subscription.id, fields, body, revision=subscription.revision)

    async def _sealed_state(self, subscription: Subscription) -> str | None:
        """Providers answer secrets too when a hook is made."""
        if subscription.state is None:
            return None
        platform_id = subscription.platform_id
        content = orjson.dumps(subscription.state)
        return await self._sealer.seal(platform_id, content, **_place(platform_id, subscription.id))


def _place(platform_id: str, id: str) -> dict[str, str]:
    return {"owner": platform_id, "row_id": id, "field": "state"}


def _as_stored(subscription: Subscription, document: Document) -> Subscription:
    return subscription.model_copy(update={"revision": document.revision})
