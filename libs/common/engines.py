"""The one place that knows which engines there are: the store and the bus that the settings name."""

from __future__ import annotations

from dataclasses import dataclass

from libs.common.bus.local import LocalBus
from libs.common.bus.port import Bus
from libs.common.clock import Clock
from libs.common.errors import EngineRefused
from libs.common.sqlite import Database
from libs.common.store.port import Store
from libs.common.store.sqlite import SqliteStore

_SQLITE = "sqlite:"
_LOCAL = "local:"
_STORE_FORMS = "'sqlite:<path of a file>' or 'sqlite::memory:'"


@dataclass(frozen=True, slots=True)
class Engines:
    """Declare collections, subscriptions and followers on them, then `start`."""

    store: Store
    bus: Bus
    _database: Database

    async def start(self) -> None:
        """The store before the bus, whose consumers use it. Raises EngineRefused."""
        await self._database.start()
        try:
            await self.store.start()
            await self.bus.start()
        except BaseException:
            await self._database.close()
            raise

    async def close(self) -> None:
        """Finishes what is in hand; what is acknowledged is durable in any case."""
        await self.bus.close()
        await self.store.close()
        await self._database.close()


def open_engines(store_url: str, bus_url: str, clock: Clock, *, exclusive: bool = True) -> Engines:
    """Raises EngineRefused for a setting that names no engine.

    Without `exclusive` the data directory isn't locked: for short commands beside a running server.
    """
    path = store_url.removeprefix(_SQLITE)
    if not store_url.startswith(_SQLITE) or not path:
        raise EngineRefused(f"STORE_URL must be {_STORE_FORMS}, and it is {_scheme(store_url)}")
    if bus_url != _LOCAL:
        raise EngineRefused(f"BUS_URL must be 'local:' with this STORE_URL, and it is {_scheme(bus_url)}")
    database = Database(path, exclusive=exclusive)
    return Engines(SqliteStore(database, clock), LocalBus(database, clock), database)


def is_embedded(store_url: str) -> bool:
    """Whether the store is for one process alone."""
    return store_url.startswith(_SQLITE)


def _scheme(url: str) -> str:
    """The beginning of a URL: the rest may hold a password."""
    scheme, separator, _ = url.partition(":")
    return f"'{scheme}:…'" if separator else "no URL"
