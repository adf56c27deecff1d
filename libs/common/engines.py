"""The one place that knows which engines there are: the store and the bus that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from libs.common.bus.local import LocalBus
from libs.common.bus.port import Bus
from libs.common.clock import Clock
from libs.common.contracts.topics import topic_specs
from libs.common.errors import EngineRefused
from libs.common.findings import Finding, ok
from libs.common.sqlite import Database, inspect_database
from libs.common.sqlite_file import MEMORY
from libs.common.store.port import Store
from libs.common.store.sqlite import SqliteStore
from libs.common.telemetry import Metrics

if TYPE_CHECKING:
    from libs.common.bus.kafka import KafkaBus
    from libs.common.store.mongo import MongoStore

_SQLITE = "sqlite:"
_MONGO = ("mongodb://", "mongodb+srv://")
_LOCAL = "local:"
_KAFKA = "kafka://"
_PATIENCE_S = 4.0
_STORE_FORMS = "'sqlite:<path of a file>', 'sqlite::memory:' or 'mongodb://<host>:<port>'"


@dataclass(frozen=True, slots=True)
class Engines:
    """Declare collections, subscriptions and followers on them, then `start`.

    `database` is the file that both embedded engines share. `watch` has what they count reported.
    """

    store: Store
    bus: Bus
    database: Database | None = None
    watch: Callable[[Metrics], None] = field(default=lambda metrics: None)

    async def start(self) -> None:
        """The store before the bus, whose consumers use it.

        Raises EngineRefused, or Unavailable and can be called again.
        """
        if self.database is not None:
            await self.database.start()
        try:
            await self.store.start()
            await self.bus.start()
        except BaseException:
            await self.store.close()
            await self._close_database()
            raise

    async def close(self) -> None:
        """Finishes what is in hand; what is acknowledged is durable in any case."""
        await self.bus.close()
        await self.store.close()
        await self._close_database()

    async def _close_database(self) -> None:
        if self.database is not None:
            await self.database.close()


def open_engines(store_url: str, bus_url: str, clock: Clock, *, exclusive: bool = True) -> Engines:
    """Raises EngineRefused for a setting that names no engine.

    Without `exclusive` the data directory isn't locked: for short commands beside a running server.
    """
    check_pair(store_url, bus_url)
    if store_url.startswith(_MONGO):
        return _clustered(store_url, bus_url, clock)
    database = Database(store_url.removeprefix(_SQLITE), exclusive=exclusive)
    return Engines(SqliteStore(database, clock), LocalBus(database, clock), database)


def check_pair(store_url: str, bus_url: str) -> None:
    """Raises EngineRefused for a setting that names no engine, and for two that don't go together."""
    embedded = store_url.startswith(_SQLITE) and store_url != _SQLITE
    if not embedded and not store_url.startswith(_MONGO):
        raise EngineRefused(f"STORE_URL must be {_STORE_FORMS}, and it is {_scheme(store_url)}")
    if embedded and bus_url != _LOCAL:
        raise EngineRefused(f"BUS_URL must be 'local:' with this STORE_URL, and it is {_scheme(bus_url)}")
    if not embedded and not bus_url.startswith(_KAFKA):
        raise EngineRefused(
            f"BUS_URL must be 'kafka://<host>:<port>' with a MongoDB as STORE_URL, and it is {_scheme(bus_url)}"
        )


def _watched(store: MongoStore, bus: KafkaBus) -> Callable[[Metrics], None]:
    def watch(metrics: Metrics) -> None:
        metrics.watch_engines(lambda: store.operations, lambda: bus.published, lambda: store.outbox.pending)

    return watch


def _clustered(store_url: str, bus_url: str, clock: Clock) -> Engines:
    from libs.common.bus.kafka import KafkaBus  # their libraries take a local start a third of a second to import
    from libs.common.store.mongo import MongoStore

    bus = KafkaBus(bus_url, topic_specs())
    store = MongoStore(store_url, clock, bus.publish)
    return Engines(store, bus, watch=_watched(store, bus))


def open_store(store_url: str, clock: Clock) -> Engines:
    """For `inspect_store` alone: a store, with a bus that hears nothing. Raises EngineRefused."""
    if not store_url.startswith(_MONGO):
        check_pair(store_url, _LOCAL)
        database = Database(store_url.removeprefix(_SQLITE), exclusive=False, busy_timeout_s=_PATIENCE_S)
        return Engines(SqliteStore(database, clock), LocalBus(database, clock), database)
    from libs.common.store.mongo import MongoOptions, MongoStore

    silent = LocalBus(Database(MEMORY), clock)
    patience = MongoOptions(timeout_s=_PATIENCE_S, select_s=_PATIENCE_S)
    return Engines(MongoStore(store_url, clock, silent.publish, patience), silent)


async def inspect_store(engines: Engines) -> list[Finding]:
    """What is right and wrong with the store behind the collections that were declared; they are not started.

    Raises EngineRefused, Unavailable.
    """
    if engines.database is not None:
        return await inspect_database(engines.database)
    from libs.common.store.mongo import MongoStore

    assert isinstance(engines.store, MongoStore)  # noqa: S101  (the only one without a database file)
    return await engines.store.inspect()


async def inspect_bus(bus_url: str, heard: Sequence[tuple[str, str]]) -> list[Finding]:
    """What is right and wrong with the bus. `heard` are the topics that groups are for, each with the group.

    Raises EngineRefused.
    """
    if bus_url == _LOCAL:
        return [ok("bus", "embedded, in the store's file")]
    from libs.common.bus.kafka_inspection import inspect_cluster

    return await inspect_cluster(bus_url, topic_specs(), heard)


async def create_topics(bus_url: str) -> tuple[dict[str, bool], list[Finding]] | None:
    """Every topic by its name, whether it was made just now, and what differs; None where the bus is embedded.

    Raises EngineRefused, Unavailable.
    """
    if bus_url == _LOCAL:
        return None
    from libs.common.bus import kafka_inspection

    topics = await kafka_inspection.create_topics(bus_url, topic_specs())
    return topics, await kafka_inspection.differences(bus_url, topic_specs())


def is_embedded(store_url: str) -> bool:
    """Whether the store is for one process alone."""
    return store_url.startswith(_SQLITE)


def _scheme(url: str) -> str:
    """The beginning of a URL: the rest may hold a password."""
    scheme, separator, _ = url.partition(":")
    return f"'{scheme}:…'" if separator else "no URL"
