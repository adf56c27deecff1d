"""The MongoDB store for the conformance suites, with the embedded bus in memory beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from libs.common.bus.local import LocalBus
from libs.common.ids import new_id
from libs.common.sqlite import Database
from libs.common.sqlite_file import MEMORY
from libs.common.store.mongo import MongoOptions, MongoStore
from tests.clock import FakeClock
from tests.common.conformance.embedded import OPTIONS
from tests.common.conformance.engine import Opened

MONGO_OPTIONS = MongoOptions(
    timeout_s=5.0,
    select_s=2.0,
    relay_interval_s=0.05,
    relay_grace=timedelta(seconds=1),
    sweep_interval_s=3600,
    server_clock=False,
)


@dataclass(frozen=True)
class Started(Opened):
    """The local bus needs its tables before the store says anything."""

    database: Database = field(kw_only=True)

    async def start(self) -> None:
        await self.bus.start()
        await self.store.start()


class MongoEngine:
    """Databases of its own on the server at `url`; what is in them stays there until `drop`."""

    def __init__(self, url: str, options: MongoOptions = MONGO_OPTIONS) -> None:
        parts = urlsplit(url)
        self.prefix = f"t{new_id()[-12:]}"
        self.url = urlunsplit(parts._replace(path=f"/{self.prefix}"))
        self.clock = FakeClock()
        self._options = options
        self._stores: list[MongoStore] = []
        self._database: Database | None = None

    async def open(self) -> Opened:
        if self._database is None:
            self._database = Database(MEMORY)
            await self._database.start()
        self.bus = LocalBus(self._database, self.clock, OPTIONS)
        self.store = self.another(self.bus)
        return Started(self.store, self.bus, database=self._database)

    def another(self, bus: LocalBus) -> MongoStore:
        """The store as another process has it."""
        store = MongoStore(self.url, self.clock, bus.publish, self._options)
        self._stores.append(store)
        return store

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        self._stores.clear()
        if self._database is not None:
            await self.bus.close()
            await self._database.close()
            self._database = None
