"""The MongoDB store driver on Motor: a database per service, `w:majority`, one document per decision.

Motor is past its maintainers' end of life; nothing outside this file imports it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("MOTOR_MAX_WORKERS", "32")  # read at import: its threads are what calls run on, ten by default

import pymongo
import structlog
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from libs.common import periodic
from libs.common.clock import Clock
from libs.common.errors import EngineRefused, Unavailable
from libs.common.findings import Finding
from libs.common.store import mongo_indexes, mongo_inspection
from libs.common.store.mongo_documents import MongoDocuments
from libs.common.store.mongo_errors import answered, refused, translated, unavailable
from libs.common.store.mongo_outbox import Outbox, Publish
from libs.common.store.mongo_url import MongoAddress
from libs.common.store.port import Collection

_HEARTBEAT = "heartbeat"
_PATIENCE = 2
"""How many times an operation's own time its caller waits, for a thread too: the client has but 32."""
_KINDS = {
    **dict.fromkeys(("find", "getMore", "aggregate", "count"), "read"),
    **dict.fromkeys(("insert", "update", "delete", "findAndModify"), "write"),
}
_SKEW_NOTICED = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class MongoOptions:
    """`timeout_s` bounds every operation with its retries; `awaited_s` how long a write waits for its events to leave.

    `select_s` is how long the start and a ping look for a server.
    With `server_clock` due times are compared with the server's time, which all processes share.
    """

    timeout_s: float = 10.0
    select_s: float = 5.0
    awaited_s: float = 0.5
    sweep_interval_s: float = 60.0
    payload_sweep_interval_s: float = 3600.0
    relay_interval_s: float = 5.0
    relay_grace: timedelta = timedelta(seconds=5)
    server_clock: bool = True


class _Operations(CommandListener):
    """Counts commands, retries included: a batch is one. Called on the driver's threads."""

    def __init__(self) -> None:
        self.counts: Tally[str] = Tally()

    def started(self, event: CommandStartedEvent) -> None:
        kind = _KINDS.get(event.command_name)
        if kind is not None:
            self.counts[kind] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        return

    def failed(self, event: CommandFailedEvent) -> None:
        return


class ServerClock:
    """The process's clock, corrected by how far the server's is from it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.skew = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.skew

    def learn(self, asked_at: datetime, told: datetime, answered_at: datetime) -> None:
        """`told` is the server's time, in milliseconds, somewhere between the other two."""
        skew = told - (asked_at + (answered_at - asked_at) / 2)
        self.skew = skew if abs(skew) > _SKEW_NOTICED else timedelta()


class MongoStore:
    """`libs.common.store.port.Store`; events leave through `publish`."""

    def __init__(self, url: str, clock: Clock, publish: Publish, options: MongoOptions | None = None) -> None:
        """Raises EngineRefused for a URL that names no MongoDB."""
        self._address = MongoAddress.parse(url)
        self._options = options or MongoOptions()
        self._process_clock = clock
        self.clock = ServerClock(clock)
        self.outbox = Outbox(publish, self.clock, awaited_s=self._options.awaited_s, grace=self._options.relay_grace)
        self._documents: dict[str, MongoDocuments] = {}
        self._operations = _Operations()
        self._client: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def operations(self) -> Mapping[str, int]:
        """How many reads and writes were sent so far."""
        return self._operations.counts

    def collection(self, spec: Collection) -> MongoDocuments:
        if spec.name in self._documents:
            raise ValueError(f"{spec.name} is declared twice")
        documents = self._documents[spec.name] = MongoDocuments(
            spec, self._address.hosts, self.clock, self.outbox, _PATIENCE * self._options.timeout_s
        )
        return documents

    async def start(self) -> None:
        """Raises EngineRefused, or Unavailable and can be called again."""
        logging.getLogger("pymongo").setLevel(logging.WARNING)  # below, it tells of every command, documents and all
        self._client = await asyncio.to_thread(self._connect, asyncio.get_running_loop())
        try:
            with self._told_apart():
                await self._open()
        except BaseException:
            client, self._client = self._client, None
            await asyncio.to_thread(client.close)
            raise
        self._start_tasks()

    async def close(self) -> None:
        if not self._tasks:
            return
        await periodic.cancel(self._tasks)
        self._tasks = []
        for documents in self._documents.values():
            await documents.drain()
        await self.outbox.close()
        await asyncio.to_thread(self._client.close)

    async def ping(self) -> None:
        if self._client is None:
            raise unavailable(self._address.hosts, "not connected yet")
        first = next(iter(self._documents.values()), None)
        if first is not None:
            async with answered(self._address.hosts, self._options.select_s):
                await self._beat(mongo_indexes.service_name(first.spec))

    async def _beat(self, service: str) -> None:
        try:
            await self._database(service)[_HEARTBEAT].update_one({"_id": 1}, {"$inc": {"beats": 1}}, upsert=True)
        except DuplicateKeyError:
            return  # another process made it in the same moment

    async def inspect(self) -> list[Finding]:
        """Connects by itself, and changes nothing but a heartbeat. Raises EngineRefused, Unavailable."""
        self._client = await asyncio.to_thread(self._connect, asyncio.get_running_loop())
        hosts = self._address.hosts
        try:
            with self._told_apart():
                hello = await self._greet()
                skew = await self.measure_skew()
            found = await asyncio.gather(*(self._inspect_database(name) for name in self._services()))
            seen = await mongo_inspection.members_seen(self._client, hello)
        finally:
            await asyncio.to_thread(self._client.close)
        findings = [finding for each in found for finding in each]
        members = mongo_inspection.about_members(hosts, hello, seen)
        return [*members, mongo_inspection.about_clock(hosts, skew), *findings]

    def _services(self) -> list[str]:
        return sorted({mongo_indexes.service_name(documents.spec) for documents in self._documents.values()})

    async def _inspect_database(self, service: str) -> list[Finding]:
        specs = [each.spec for each in self._documents.values() if mongo_indexes.service_name(each.spec) == service]

        async def beat() -> None:
            with self._told_apart():
                await self._beat(service)

        async def differences(spec: Collection) -> tuple[list[str], list[str]]:
            collection = self._database(service)[mongo_indexes.collection_name(spec)]
            with self._told_apart():
                return await mongo_indexes.differences(collection, spec)

        return await mongo_inspection.inspect_database(self._database(service).name, specs, beat, differences)

    async def measure_skew(self) -> timedelta:
        """How far the server's clock is ahead of this process's. Raises Unavailable."""
        clock = self._process_clock
        with translated(self._address.hosts):
            asked_at = clock.now()
            hello = await self._client.admin.command("hello")
            self.clock.learn(asked_at, hello["localTime"].replace(tzinfo=UTC), clock.now())
        return self.clock.skew

    def _connect(self, loop: asyncio.AbstractEventLoop) -> Any:
        """In a thread, since it reads certificates and name servers from files."""
        options = self._options
        self._address.check_options()
        try:
            return AsyncIOMotorClient(
                self._address.url,
                io_loop=loop,
                appname="interactor",
                event_listeners=[self._operations],
                retryWrites=True,
                retryReads=True,
                tz_aware=True,
                timeoutMS=int(options.timeout_s * 1000),
                serverSelectionTimeoutMS=int(options.select_s * 1000),
                connectTimeoutMS=int(options.select_s * 500),  # soon enough to tell why no server was found
            )
        except (PyMongoError, ValueError, OSError) as error:
            raise EngineRefused(
                f"STORE_URL: MongoDB at {self._address.hosts} can't be used ({type(error).__name__}); "
                "check its options, and that the files that it names are there"
            ) from None

    @contextmanager
    def _told_apart(self) -> Iterator[None]:
        """Raises EngineRefused for what no waiting will mend, Unavailable for what may pass."""
        try:
            with translated(self._address.hosts):
                yield
        except Exception as error:
            cause = error.__cause__ if isinstance(error.__cause__, PyMongoError) else error
            told = refused(self._address.hosts, cause) if isinstance(cause, PyMongoError) else None
            if told is not None:
                raise told from None
            raise

    async def _greet(self) -> Mapping[str, Any]:
        with pymongo.timeout(self._options.select_s):  # the client's own setting gives way to `timeoutMS`
            hello: Mapping[str, Any] = await self._client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise EngineRefused(
                f"MongoDB at {self._address.hosts} is no replica set, and only those keep what they acknowledged; "
                "start it with --replSet and run rs.initiate()"
            )
        return hello

    async def _open(self) -> None:
        await self._greet()
        if self._options.server_clock:
            await self.measure_skew()
        for documents in self._documents.values():
            database = self._database(mongo_indexes.service_name(documents.spec))
            await mongo_indexes.create(database[mongo_indexes.collection_name(documents.spec)], documents.spec)
            documents.open(database)

    def _database(self, service: str) -> Any:
        return self._client.get_database(
            f"{self._address.prefix}_{service}",
            codec_options=CodecOptions(tz_aware=True),
            write_concern=WriteConcern("majority", wtimeout=int(self._options.timeout_s * 1000), j=True),
            read_concern=ReadConcern("majority"),
            read_preference=ReadPreference.PRIMARY,  # whatever the URL says: what was acknowledged must be seen
        )

    def _start_tasks(self) -> None:
        options = self._options
        self._repeat(options.relay_interval_s, "relay events", self._relay)
        self._repeat(options.sweep_interval_s, "sweep expired documents", self.sweep)
        self._repeat(options.payload_sweep_interval_s, "sweep unclaimed payloads", self.sweep_payloads)
        if options.server_clock:
            self._repeat(options.sweep_interval_s, "compare clocks", self.measure_skew)

    async def sweep(self) -> None:
        """Removes expired documents."""
        for documents in self._documents.values():
            await documents.sweep()

    async def sweep_payloads(self) -> None:
        """Removes chunks of payloads that no document refers to."""
        for documents in self._documents.values():
            await documents.sweep_payloads()

    async def _relay(self) -> None:
        with translated(self._address.hosts):
            await self.outbox.relay(documents.collection for documents in self._documents.values())

    def _repeat(self, interval_s: float, name: str, action: Callable[[], Awaitable[object]]) -> None:
        """A little apart from other processes that do the same."""
        interval_s *= random.uniform(0.9, 1.1)  # noqa: S311
        self._tasks.append(periodic.start(name, periodic.every(interval_s, name, lambda: _persistently(name, action))))


async def _persistently(name: str, action: Callable[[], Awaitable[object]]) -> None:
    """One round that fails, for whatever reason, is not the last."""
    try:
        await action()
    except Unavailable:
        raise
    except Exception as error:
        structlog.get_logger().error("periodic_work_failed", work=name, reason=f"{type(error).__name__}: {error}"[:300])
