"""The embedded engines for the conformance suites, in a file or in memory."""

from __future__ import annotations

from datetime import timedelta

from libs.common.bus.lanes import Retries
from libs.common.bus.local import LocalBus, LocalBusOptions
from libs.common.sqlite import Database
from libs.common.store.sqlite import SqliteStore
from tests.clock import FakeClock
from tests.common.conformance.engine import Opened

OPTIONS = LocalBusOptions(
    retention=timedelta(hours=1),
    poll_interval_s=0.01,
    save_interval_s=0.01,
    grace_s=0.02,
    retries=Retries(first_wait_s=0, max_wait_s=0),
)


class EmbeddedEngine:
    """Keeps a database in memory open between `close` and `open`: it is all the data there is."""

    def __init__(self, path: str, options: LocalBusOptions = OPTIONS) -> None:
        self.clock = FakeClock()
        self.database = Database(path, busy_timeout_s=0.1)
        self._options = options
        self._running = False
        self._bus: LocalBus | None = None
        self._store: SqliteStore | None = None

    async def open(self) -> Opened:
        if not self._running:
            await self.database.start()
            self._running = True
        self.bus = self._bus = LocalBus(self.database, self.clock, self._options)
        self.store = self._store = SqliteStore(self.database, self.clock)
        return Opened(self.store, self.bus)

    async def close(self) -> None:
        if self._bus and self._store:
            await self._bus.close()
            await self._store.close()
            self._bus = None
        if not self.database.in_memory:
            await self.release()

    async def release(self) -> None:
        await self.database.close()
        self._running = False
