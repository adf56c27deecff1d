"""MongoDB stores as several processes have them, with a bus that can be down, on a server that can be told to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pymongo

from libs.common.bus.port import Message
from libs.common.errors import Unavailable
from libs.common.store.mongo import MongoStore
from libs.common.store.mongo_documents import MongoDocuments
from libs.common.store.port import Collection
from tests.clock import FakeClock
from tests.common.conformance.mongo_engine import MONGO_OPTIONS
from tests.common.conformance.store_suite import JOBS


class Said:
    """A bus that can be down, and remembers what it took."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.down = False
        self.poison: bytes | None = None

    async def __call__(self, messages: Sequence[Message]) -> None:
        if self.down:
            raise Unavailable("bus_unavailable", "the bus is down")
        values = [message.value for message in messages]
        if self.poison in values:
            raise ValueError("the bus can't take this")
        self.values += values


@asynccontextmanager
async def opened(
    url: str, said: Said, clock: FakeClock | None = None, spec: Collection = JOBS, **options: Any
) -> AsyncIterator[tuple[MongoStore, MongoDocuments]]:
    store = MongoStore(url, clock or FakeClock(), said, replace(MONGO_OPTIONS, **options))
    documents = store.collection(spec)
    await store.start()
    try:
        yield store, documents
    finally:
        await store.close()


async def fail(url: str, commands: list[str], times: int = 1, **how: Any) -> None:
    """Makes the server fail the next of these commands that a store sends."""

    def configure() -> None:
        with pymongo.MongoClient(url.partition("/t")[0]) as client:
            data = {"failCommands": commands, "appName": "interactor", **how}
            client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})

    await asyncio.to_thread(configure)
