"""One collection in MongoDB, as the port has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from pymongo import ASCENDING
from pymongo.errors import CursorNotFound

from libs.common.bus.port import Message, check_size
from libs.common.clock import Clock, to_microseconds
from libs.common.errors import Unavailable
from libs.common.store import mongo_indexes
from libs.common.store.mongo_errors import answered, translated, unavailable
from libs.common.store.mongo_layout import (
    CLAIM,
    GONE,
    ID,
    MARKS_KEPT,
    OUTBOX,
    OUTBOX_MARK,
    OUTBOX_SINCE,
    REVISION,
    WITH_PAYLOAD,
    WITHOUT_PAYLOAD,
    WRITES,
    MongoLayout,
    Raw,
    new_mark,
    outbox_entries,
)
from libs.common.store.mongo_outbox import Outbox
from libs.common.store.mongo_payloads import PayloadMoved, Payloads
from libs.common.store.mongo_queries import Stretch, filter_of, pipeline_of, stretches
from libs.common.store.mongo_writes import Change, Saying, Writes
from libs.common.store.port import (
    Collection,
    Cursor,
    Document,
    DuplicateKey,
    Range,
    Sort,
    UndeclaredQuery,
    Where,
    check_served,
)

R = TypeVar("R")

_TRIES = 3
_SWEPT_AT_ONCE = 1000
_MOST_IN_PART = 2000
_MOST_BYTES_IN_PART = 32 << 20
_MICROSECOND = timedelta(microseconds=1)


class MongoDocuments:
    """`libs.common.store.port.Documents`; `open` comes before anything else."""

    def __init__(self, spec: Collection, hosts: str, clock: Clock, outbox: Outbox, patience_s: float) -> None:
        self.spec = spec
        self.collection: Any = None
        self._layout = MongoLayout(spec)
        self._hosts = hosts
        self._clock = clock
        self._outbox = outbox
        self._answered = partial(answered, hosts, patience_s)

    def open(self, database: Any) -> None:
        name = mongo_indexes.collection_name(self.spec)
        self.collection = database[name]
        self._writes = Writes(self.collection, self.spec)
        self._payloads = Payloads(self.collection, database[f"{name}.payloads"], self._clock)

    async def insert(self, document: Document, events: Sequence[Message] = ()) -> Document:
        _check(events)
        mark = new_mark()
        async with self._answered():
            raw = self._layout.inserted(document, await self._payloads.keep(document.id, document.payload), mark)
            if events:
                now = to_microseconds(self._clock.now())
                raw |= {OUTBOX: outbox_entries(events), OUTBOX_MARK: mark, OUTBOX_SINCE: now}
            entries = await self._writes.insert(raw)
        if events:
            await self._outbox.leave(self.collection, document.id, entries, mark)
        return replace(document, revision=1)

    async def insert_many(self, documents: Sequence[Document], *, lease: timedelta | None = None) -> list[Document]:
        if lease is not None:
            due, until = self._due(), self._clock.now() + lease
            documents = [replace(document, fields={**document.fields, due: until}) for document in documents]
        with translated(self._hosts):
            return [each for part in _parts(documents) for each in await self._insert_part(part)]

    async def _insert_part(self, documents: Sequence[Document]) -> list[Document]:
        raws = [
            self._layout.inserted(each, await self._payloads.keep(each.id, each.payload), new_mark())
            for each in documents
        ]
        outcomes = await asyncio.gather(*map(self._writes.insert, raws), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, DuplicateKey):
                raise outcome
        return [
            replace(each, revision=1)
            for each, outcome in zip(documents, outcomes, strict=True)
            if not isinstance(outcome, BaseException)
        ]

    async def get(self, id: str, *, payload: bool = False) -> Document | None:
        async def read() -> Document | None:
            raw = await self.collection.find_one({ID: id}, WITH_PAYLOAD if payload else WITHOUT_PAYLOAD)
            if raw is None or GONE in raw:
                return None
            return self._layout.document(raw, await self._payloads.read(raw) if payload else None)

        return await self._again(read)

    async def find(
        self,
        where: Where,
        *,
        order: Sequence[Sort] = (),
        after: Cursor | None = None,
        limit: int = 500,
        payload: bool = False,
    ) -> list[Document]:
        check_served(self.spec, where, order)
        if limit < 1:  # to MongoDB, no limit
            return []
        steps = list(stretches(self._layout, order, after))
        projection = WITH_PAYLOAD if payload else WITHOUT_PAYLOAD

        async def read() -> list[Document]:
            found: list[Document] = []
            for stretch in steps:
                async for raw in self._stretch(where, stretch, limit - len(found), projection):
                    found.append(self._layout.document(raw, await self._payloads.read(raw) if payload else None))
                if len(found) >= limit:
                    break
            return found

        return await self._again(read)

    async def update(self, document: Document, events: Sequence[Message] = ()) -> Document:
        _check(events)
        mark = new_mark()
        async with self._answered():
            to_set, to_unset = self._layout.changes(document, await self._payloads.keep(document.id, document.payload))
            change = Change(document.id, document.revision, mark, to_set, to_unset)
            if events:
                entries = await self._writes.update_and_say(change, self._saying(events, mark))
            else:
                await self._writes.update(change)
        if events:
            await self._outbox.leave(self.collection, document.id, entries, mark)
        return replace(document, revision=document.revision + 1)

    async def claim(self, where: Where, *, lease: timedelta, limit: int, payload: bool = False) -> list[Document]:
        due = self._due()
        check_served(self.spec, {**where, due: Range(less_than=self._clock.now())}, (Sort(due),))
        lost: set[str] = set()
        while limit > 0:
            now = self._clock.now()
            due_now = filter_of(self._layout, {**where, due: Range(less_than=now + _MICROSECOND)})
            soonest = await self._soonest(due_now, due, limit + len(lost))
            ids = [id for id in soonest if id not in lost][:limit]
            if not ids:
                return []
            claimed = await self._take(due_now, ids, now + lease, payload)
            if claimed:
                return claimed
            lost.update(ids)  # others were faster
        return []

    async def delete(self, id: str, *, revision: int | None = None, events: Sequence[Message] = ()) -> bool:
        _check(events)
        mark = new_mark()
        async with self._answered():
            if not events and (deleted := await self._writes.delete(id, revision)) is not None:
                return deleted
            entries = await self._writes.delete_and_say(id, revision, self._saying(events, mark))
        if entries is None:
            return False
        await self._outbox.leave(self.collection, id, entries, mark)
        return True

    async def count(self, where: Where) -> int:
        check_served(self.spec, where, ())
        async with self._answered():
            return int(await self.collection.count_documents(filter_of(self._layout, where)))

    async def sweep(self) -> None:
        """Removes expired documents, in small batches."""
        expires = self.spec.expires
        while expires is not None:
            expired = {expires: {"$lt": to_microseconds(self._clock.now())}}
            with translated(self._hosts):
                ids = await self._ids(self.collection.find(expired, {ID: True}).limit(_SWEPT_AT_ONCE))
                if ids:
                    await self.collection.delete_many({ID: {"$in": ids}, **expired})
            if len(ids) < _SWEPT_AT_ONCE:
                return

    async def sweep_payloads(self) -> None:
        with translated(self._hosts):
            await self._payloads.sweep()

    async def drain(self) -> None:
        """Returns once everything that was asked for is written."""
        await self._writes.drain()

    async def _stretch(
        self, where: Where, stretch: Stretch, limit: int, projection: Mapping[str, Any]
    ) -> AsyncIterator[Raw]:
        found = filter_of(self._layout, where, *stretch.conditions)
        if stretch.computed:
            cursor = self.collection.aggregate(pipeline_of(found, stretch, limit, projection))
        else:
            cursor = self.collection.find(found, projection, sort=stretch.sort, limit=limit, batch_size=limit)
        async for raw in cursor:
            yield raw

    async def _soonest(self, due_now: Mapping[str, Any], due: str, limit: int) -> list[str]:
        async def read() -> list[str]:
            soonest = self.collection.find(due_now, {ID: True}).sort([(due, ASCENDING), (ID, ASCENDING)])
            return await self._ids(soonest.limit(limit).batch_size(limit))

        return await self._again(read)

    async def _take(self, due_now: Mapping[str, Any], ids: list[str], until: Any, payload: bool) -> list[Document]:
        """Each document is taken by itself, by whoever's update finds it due; the mark tells which are ours.

        They are looked for even where the update's answer was lost.
        """
        mark, refusal = new_mark(), None
        taking = {
            "$set": {self._due(): to_microseconds(until), CLAIM: mark},
            "$inc": {REVISION: 1},
            "$push": {WRITES: {"$each": [mark], "$slice": -MARKS_KEPT}},
        }
        try:
            async with self._answered():
                await self.collection.update_many({"$and": [{ID: {"$in": ids}}, due_now]}, taking)
        except Unavailable as error:
            refusal = error
        mine = await self._again(lambda: self._claimed(ids, mark, payload))
        if refusal is not None and not mine:
            raise refusal
        return [mine[id] for id in ids if id in mine]

    async def _claimed(self, ids: list[str], mark: int, payload: bool) -> dict[str, Document]:
        projection = WITH_PAYLOAD if payload else WITHOUT_PAYLOAD
        found = self.collection.find({ID: {"$in": ids}, CLAIM: mark}, projection, limit=len(ids), batch_size=len(ids))
        return {
            raw[ID]: self._layout.document(raw, await self._payloads.read(raw) if payload else None)
            async for raw in found
        }

    async def _again(self, read: Callable[[], Awaitable[R]]) -> R:
        """A read that lost its cursor, or met a payload that was replaced under it, begins anew."""
        async with self._answered():
            for _ in range(_TRIES - 1):
                try:
                    return await read()
                except (CursorNotFound, PayloadMoved):
                    continue
            try:
                return await read()
            except PayloadMoved:
                raise unavailable(self._hosts, "a payload was replaced each time that it was read") from None

    async def _ids(self, cursor: Any) -> list[str]:
        return [raw[ID] async for raw in cursor]

    def _saying(self, events: Sequence[Message], mark: int) -> Saying:
        return Saying(outbox_entries(events), mark, to_microseconds(self._clock.now()))

    def _due(self) -> str:
        if self.spec.due is None:
            raise UndeclaredQuery(f"{self.spec.name} declares no due field, so it has no leases")
        return self.spec.due


def _parts(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    """A few at a time: what is packed for the server takes about as much memory again."""
    start = size_bytes = 0
    for end, document in enumerate(documents):
        size_bytes += len(document.payload or b"")
        if end - start == _MOST_IN_PART or (size_bytes > _MOST_BYTES_IN_PART and end > start):
            yield documents[start:end]
            start, size_bytes = end, len(document.payload or b"")
    if documents:
        yield documents[start:]


def _check(events: Sequence[Message]) -> None:
    for event in events:
        check_size(event)
