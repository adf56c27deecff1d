"""One SQLite file for both embedded drivers: a writer thread that commits in groups, and parallel readers.

Everything that is queued when a transaction begins goes into it, so that many callers share one `fsync`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from libs.common.bus.port import Message
from libs.common.errors import EngineRefused
from libs.common.findings import Finding, examined, ok, warn
from libs.common.sqlite_file import (
    MEMORY,
    connect,
    inspect_file,
    lock_for_server,
    make_folder,
    trouble,
    unavailable,
)

_MAX_CALLS_PER_TRANSACTION = 512
_MAX_READS_PER_TURN = 16

A = TypeVar("A")
R = TypeVar("R")


class Transaction:
    """What an operation writes through; `messages` enter the log with the same commit."""

    __slots__ = ("connection", "messages")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.messages: list[Message] = []


def begin_snapshot(connection: sqlite3.Connection) -> None:
    """Lets all statements of a read see the same state; the read's end ends it."""
    if not connection.in_transaction:
        connection.execute("BEGIN")


class Journal(Protocol):
    """The log that a transaction's messages are appended to."""

    def append(self, connection: sqlite3.Connection, messages: Sequence[Message]) -> int:
        """Answers the first position, the others follow it; on the writer thread, inside the transaction."""

    def committed(self, first_position: int, messages: Sequence[Message]) -> None:
        """On the event loop, before the writes of the transaction are answered."""


Operation: TypeAlias = Callable[[Transaction, list[A]], Sequence[R | Exception]]
_Write: TypeAlias = tuple[Operation[Any, Any], Any, "asyncio.Future[Any]"]
_Read: TypeAlias = tuple[Callable[[sqlite3.Connection], Any], "asyncio.Future[Any]"]
_Committed: TypeAlias = tuple[int, list[Message]]


class Database:
    """Without `exclusive` the server's lock isn't taken: for short commands beside a running server."""

    def __init__(
        self, path: str, *, exclusive: bool = True, reader_threads: int = 2, busy_timeout_s: float = 5.0
    ) -> None:
        self.path = path
        self.in_memory = path == MEMORY
        self.exclusive = exclusive and not self.in_memory
        self._reader_threads = 0 if self.in_memory else reader_threads
        self._busy_timeout_s = busy_timeout_s
        self._journal: Journal | None = None
        self._lock: int | None = None
        self._threads: list[threading.Thread] = []
        self._closed = True

    def attach(self, journal: Journal) -> None:
        self._journal = journal

    async def start(self) -> None:
        """Raises EngineRefused."""
        writer, *readers = await asyncio.to_thread(self._open)
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._write_queue: SimpleQueue[list[_Write] | None] = SimpleQueue()
        self._read_queue: SimpleQueue[list[_Read] | None] = SimpleQueue()
        self._writes = _Turn(self._loop, self._write_queue.put)
        self._reads = _Turn(self._loop, self._share_reads)
        self._threads = [threading.Thread(target=self._write_forever, name="sqlite-writer", daemon=True)]
        for number, connection in enumerate(readers):
            name = f"sqlite-reader-{number}"
            self._threads.append(
                threading.Thread(target=self._read_forever, args=(connection,), name=name, daemon=True)
            )
        for thread in self._threads:
            thread.start()
        self._closed = False

    async def close(self) -> None:
        """What is queued is still written."""
        if self._closed:
            return
        self._closed = True
        self._writes.flush()
        self._reads.flush()
        self._write_queue.put(None)
        for _ in range(self._reader_threads):
            self._read_queue.put(None)
        await asyncio.to_thread(self._join)

    def write(self, operation: Operation[A, R], argument: A) -> Awaitable[R]:
        """Runs `operation` in the next transaction; durable when the answer is there.

        It is called once with the arguments of all queued calls of it and answers each, an exception where
        one is refused. If it raises, nothing of that transaction is kept and each call is tried alone.
        """
        future: asyncio.Future[R] = self._future()
        self._writes.add((operation, argument, future))
        return future

    def run(self, job: Callable[[Transaction], R]) -> Awaitable[R]:
        """`write` for work that isn't worth grouping; what it raises undoes what it wrote, and nothing else."""
        return self.write(_run_each, job)

    def read(self, job: Callable[[sqlite3.Connection], R]) -> Awaitable[R]:
        """Runs `job` on a connection that sees everything committed so far."""
        future: asyncio.Future[R] = self._future()
        self._reads.add((job, future))
        return future

    async def ping(self) -> None:
        """Raises Unavailable when a write could not succeed now."""
        await self.run(_beat)

    def _future(self) -> asyncio.Future[Any]:
        if self._closed:
            raise unavailable(f"{self.path} is closed; the server is stopping")
        return self._loop.create_future()

    def _open(self) -> list[sqlite3.Connection]:
        if not self.in_memory:
            make_folder(self.path)
        if self.exclusive:
            self._lock = lock_for_server(self.path)
        connections: list[sqlite3.Connection] = []
        try:
            for _ in range(1 + self._reader_threads):
                connections.append(connect(self.path, busy_timeout_s=self._busy_timeout_s))
        except EngineRefused:
            self._release(connections)
            raise
        for reader in connections[1:]:
            reader.execute("PRAGMA query_only=ON")
        return connections

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()
        self._release([self._writer])

    def _release(self, connections: Sequence[sqlite3.Connection]) -> None:
        for connection in connections:
            connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _share_reads(self, reads: list[_Read]) -> None:
        if self.in_memory:
            self._write_queue.put([(_read_each, job, future) for job, future in reads])
            return
        share = min(-(-len(reads) // self._reader_threads), _MAX_READS_PER_TURN)
        for start in range(0, len(reads), share):
            self._read_queue.put(reads[start : start + share])

    def _read_forever(self, connection: sqlite3.Connection) -> None:
        while reads := self._read_queue.get():
            results = [self._read(connection, job) for job, _ in reads]
            self._loop.call_soon_threadsafe(_settle, [future for _, future in reads], results)
        connection.close()

    def _read(self, connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            return job(connection)
        except Exception as error:
            sentence = trouble(error, self.path)
            return unavailable(sentence) if sentence else error
        finally:
            _roll_back(connection)

    def _write_forever(self) -> None:
        while writes := self._write_queue.get():
            last = not self._gather(writes)
            for start in range(0, len(writes), _MAX_CALLS_PER_TRANSACTION):
                self._commit(writes[start : start + _MAX_CALLS_PER_TRANSACTION])
            if last:
                return

    def _gather(self, writes: list[_Write]) -> bool:
        """Adds what else is queued by now; False if the writer is to stop after it."""
        with suppress(Empty):
            while len(writes) < _MAX_CALLS_PER_TRANSACTION:
                more = self._write_queue.get_nowait()
                if more is None:
                    return False
                writes.extend(more)
        return True

    def _commit(self, writes: list[_Write]) -> None:
        committed: _Committed = (0, [])
        try:
            results, committed = self._transact(writes)
        except Exception as error:
            _roll_back(self._writer)
            sentence = trouble(error, self.path)
            if sentence is None and len(writes) > 1:
                for write in writes:
                    self._commit([write])
                return
            results = [unavailable(sentence) if sentence else error for _ in writes]
        self._loop.call_soon_threadsafe(self._answer, writes, results, committed)

    def _transact(self, writes: list[_Write]) -> tuple[list[Any], _Committed]:
        transaction = Transaction(self._writer)
        self._writer.execute("BEGIN IMMEDIATE")
        results = _run_grouped(transaction, writes)
        first_position = 0
        if transaction.messages:
            if self._journal is None:
                raise RuntimeError("messages were given, and no log is attached to take them")
            first_position = self._journal.append(self._writer, transaction.messages)
        self._writer.execute("COMMIT")
        return results, (first_position, transaction.messages)

    def _answer(self, writes: list[_Write], results: list[Any], committed: _Committed) -> None:
        first_position, messages = committed
        if messages and self._journal:
            self._journal.committed(first_position, messages)
        _settle([future for _, _, future in writes], results)


async def inspect_database(database: Database) -> list[Finding]:
    """Writes a heartbeat into a file that is there, beside a server that uses it, and makes none."""
    if database.in_memory:
        return [warn("store", "in memory: with the process all is gone; name a file, as in STORE_URL=sqlite:<path>")]
    findings = await asyncio.to_thread(inspect_file, database.path)
    if await asyncio.to_thread(os.path.exists, database.path):
        findings += await examined("store", lambda: _inspect_writing(database))
    return findings


async def _inspect_writing(database: Database) -> list[Finding]:
    await database.start()
    try:
        await database.ping()
    finally:
        await database.close()
    return [ok("store", "a write was kept")]


class _Turn(Generic[A]):
    """Collects what one turn of the event loop asks for, to hand it to another thread at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hand_over: Callable[[list[A]], None]) -> None:
        self._loop = loop
        self._hand_over = hand_over
        self._items: list[A] = []

    def add(self, item: A) -> None:
        if not self._items:
            self._loop.call_soon(self.flush)
        self._items.append(item)

    def flush(self) -> None:
        if self._items:
            items, self._items = self._items, []
            self._hand_over(items)


def _run_grouped(transaction: Transaction, writes: list[_Write]) -> list[Any]:
    """Calls each operation once, in order of first appearance; the answers in order of `writes`."""
    groups: dict[Operation[Any, Any], list[int]] = {}
    for index, (operation, _, _) in enumerate(writes):
        groups.setdefault(operation, []).append(index)
    results: list[Any] = [None] * len(writes)
    for operation, indexes in groups.items():
        answers = operation(transaction, [writes[index][1] for index in indexes])
        for index, answer in zip(indexes, answers, strict=True):
            results[index] = answer
    return results


def _roll_back(connection: sqlite3.Connection) -> None:
    """A full disk and the like have rolled back by themselves already."""
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _beat(transaction: Transaction) -> None:
    connection = transaction.connection
    connection.execute("CREATE TABLE IF NOT EXISTS heartbeat (id INTEGER PRIMARY KEY, beats INTEGER NOT NULL)")
    connection.execute("INSERT INTO heartbeat VALUES (1, 1) ON CONFLICT DO UPDATE SET beats = beats + 1")


def _run_each(transaction: Transaction, jobs: list[Callable[[Transaction], Any]]) -> list[Any]:
    return [job(transaction) for job in jobs]


def _read_each(transaction: Transaction, jobs: list[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
    return [job(transaction.connection) for job in jobs]


def _settle(futures: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
    for future, result in zip(futures, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
