"""Engines that several parts of the product share in one process, each with a bus that can be cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.common.bus.port import BatchHandler, Bus, FollowHandler, Message
from libs.common.clock import Clock, SystemClock
from libs.common.engines import open_engines
from libs.common.store.port import Collection, Documents, Store


class ReopenableStore:
    """A store whose collections may be declared again, by another part or by a test."""

    def __init__(self, store: Store) -> None:
        self.start, self.close, self.ping = store.start, store.close, store.ping
        self._declare = store.collection
        self._declared: dict[str, Documents] = {}

    def collection(self, spec: Collection) -> Documents:
        if spec.name not in self._declared:
            self._declared[spec.name] = self._declare(spec)
        return self._declared[spec.name]


class PartBus:
    """The shared bus as one process sees it; while it is cut off, its followers hear nothing."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._connected = True
        self._unheard: list[tuple[FollowHandler, Message]] = []

    async def publish(self, messages: Sequence[Message]) -> None:
        await self._bus.publish(messages)

    def subscribe(self, topic: str, group: str, handler: BatchHandler, *, max_batch: int = 500) -> None:
        self._bus.subscribe(topic, group, handler, max_batch=max_batch)

    def follow(self, topic: str, handler: FollowHandler) -> None:
        def hear(message: Message) -> None:
            if self._connected:
                handler(message)
            else:
                self._unheard.append((handler, message))

        self._bus.follow(topic, hear)

    def cut_off(self) -> None:
        self._connected = False

    def reconnect(self) -> None:
        """Hears, in their order, what was said meanwhile."""
        self._connected = True
        while self._unheard:
            handler, message = self._unheard.pop(0)
            handler(message)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None: ...


class PartEngines:
    """What a part takes for its own engines; they are started and stopped by who shares them out."""

    def __init__(self, store: ReopenableStore, bus: PartBus) -> None:
        self.store = store
        self.bus = bus

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def watch(self, metrics: object) -> None: ...


class SharedEngines:
    """One store and one bus for as many parts as ask; all of them declare what they need before the start."""

    def __init__(
        self, clock: Clock | None = None, *, store_url: str = "sqlite::memory:", bus_url: str = "local:"
    ) -> None:
        self._engines = open_engines(store_url, bus_url, clock or SystemClock())
        self.store = ReopenableStore(self._engines.store)
        self.bus = self._engines.bus

    def part(self) -> Any:
        return PartEngines(self.store, PartBus(self.bus))

    async def start(self) -> None:
        await self._engines.start()

    async def close(self) -> None:
        await self._engines.close()
