"""The embedded store driver: collections as tables of one SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from libs.common import periodic
from libs.common.bus.port import Message, check_size
from libs.common.clock import Clock, to_microseconds
from libs.common.sqlite import Database, Transaction
from libs.common.store import sqlite_schema
from libs.common.store.payloads import pack_off_the_loop
from libs.common.store.port import Collection, Cursor, Document, Range, Sort, UndeclaredQuery, Where, check_served
from libs.common.store.sqlite_layout import Layout, Row
from libs.common.store.sqlite_queries import conditions
from libs.common.store.sqlite_reads import Reads
from libs.common.store.sqlite_writes import Claim, Deletion, Write, Writes

_SWEEP_ROWS = 500


class SqliteStore:
    """`libs.common.store.port.Store` on a `Database` that is started before it and closed after it."""

    def __init__(self, database: Database, clock: Clock, *, sweep_interval_s: float = 60.0) -> None:
        self._database = database
        self._clock = clock
        self._sweep_interval_s = sweep_interval_s
        self._collections: dict[str, SqliteDocuments] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def collection(self, spec: Collection) -> SqliteDocuments:
        if spec.name in self._collections:
            raise ValueError(f"{spec.name} is declared twice")
        documents = self._collections[spec.name] = SqliteDocuments(self._database, self._clock, spec)
        return documents

    async def start(self) -> None:
        """Raises EngineRefused when the file doesn't fit the declarations."""
        await self._database.run(self._create)
        sweeping = periodic.every(self._sweep_interval_s, "sweep expired documents", self.sweep)
        self._tasks = [periodic.start("sweep expired documents", sweeping)]

    async def close(self) -> None:
        await periodic.cancel(self._tasks)

    async def ping(self) -> None:
        await self._database.ping()

    async def sweep(self) -> None:
        """Removes expired documents, in small transactions."""
        for documents in self._collections.values():
            await documents.sweep()

    def _create(self, transaction: Transaction) -> None:
        """Whoever holds the server's lock is alone, so every lease in the file is of a process that is gone."""
        now = to_microseconds(self._clock.now())
        for documents in self._collections.values():
            sqlite_schema.create(transaction.connection, documents.layout)
            if self._database.exclusive:
                documents.end_leases(transaction, now=now)


class SqliteDocuments:
    """`libs.common.store.port.Documents` on one table."""

    def __init__(self, database: Database, clock: Clock, spec: Collection) -> None:
        self.layout = Layout(spec)
        self._spec = spec
        self._database = database
        self._clock = clock
        self._reads = Reads(self.layout)
        writes = Writes(self.layout)
        self._insert = writes.insert
        self._insert_many = writes.insert_many
        self._update = writes.update
        self._delete = writes.delete
        self._claim = writes.claim
        self._sweep = writes.sweep
        self.end_leases = writes.end_leases

    async def insert(self, document: Document, events: Sequence[Message] = ()) -> Document:
        await self._database.write(self._insert, await self._prepared(document, 1, events))
        return Document(document.id, document.fields, document.body, document.payload, 1)

    async def insert_many(self, documents: Sequence[Document], *, lease: timedelta | None = None) -> list[Document]:
        if lease is not None:
            due, until = self._due(), self._clock.now() + lease
            documents = [replace(document, fields={**document.fields, due: until}) for document in documents]
        leased = lease is not None
        writes = [await self._prepared(document, 1, (), leased=leased) for document in documents]
        inserted = await self._database.write(self._insert_many, writes)
        return [replace(document, revision=1) for document, done in zip(documents, inserted, strict=True) if done]

    async def get(self, id: str, *, payload: bool = False) -> Document | None:
        return await self._database.read(partial(self._reads.get, id=id, payload=payload))

    async def find(
        self,
        where: Where,
        *,
        order: Sequence[Sort] = (),
        after: Cursor | None = None,
        limit: int = 500,
        payload: bool = False,
    ) -> list[Document]:
        check_served(self._spec, where, order)
        job = partial(self._reads.find, where=where, order=order, after=after, limit=limit, payload=payload)
        return await self._database.read(job)

    async def update(self, document: Document, events: Sequence[Message] = ()) -> Document:
        await self._database.write(self._update, await self._prepared(document, document.revision, events))
        return Document(document.id, document.fields, document.body, document.payload, document.revision + 1)

    async def claim(self, where: Where, *, lease: timedelta, limit: int, payload: bool = False) -> list[Document]:
        due, now = self._due(), self._clock.now()
        check_served(self._spec, {**where, due: Range(less_than=now)}, (Sort(due),))
        until = now + lease
        claim = Claim(conditions(self.layout, where), to_microseconds(now), to_microseconds(until), limit)
        rows = await self._database.write(self._claim, claim)
        if not rows:
            return []
        documents = await self._documents(rows, payload)
        return [
            replace(document, fields={**document.fields, due: until}, revision=document.revision + 1)
            for document in documents
        ]

    async def delete(self, id: str, *, revision: int | None = None, events: Sequence[Message] = ()) -> bool:
        for event in events:
            check_size(event)
        return await self._database.write(self._delete, Deletion(id, revision, events))

    async def count(self, where: Where) -> int:
        check_served(self._spec, where, ())
        return await self._database.read(partial(self._reads.count, where=where))

    async def sweep(self) -> None:
        if self._spec.expires is None:
            return
        before = to_microseconds(self._clock.now())
        while await self._database.run(partial(self._sweep, before=before, limit=_SWEEP_ROWS)):
            pass

    async def _documents(self, rows: Sequence[Row], payload: bool) -> list[Document]:
        """Payloads are unpacked by a reader: the writer has better things to do."""
        if not payload:
            return [self.layout.document(row) for row in rows]
        return await self._database.read(partial(self._reads.documents, rows=rows, payload=True))

    async def _prepared(
        self, document: Document, revision: int, events: Sequence[Message], *, leased: bool = False
    ) -> Write:
        for event in events:
            check_size(event)
        packed = None if document.payload is None else await pack_off_the_loop(document.payload)
        encoding, chunks = (packed.encoding, packed.chunks) if packed else (None, None)
        row = self.layout.row(document, revision=revision, encoding=encoding, leased=leased)
        return Write(row, self.layout.texts(document.fields), chunks, events)

    def _due(self) -> str:
        if self._spec.due is None:
            raise UndeclaredQuery(f"{self._spec.name} declares no due field, so it has no leases")
        return self._spec.due
