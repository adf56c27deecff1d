"""What the conformance suites need of an engine under test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from libs.common.bus.port import Bus, FollowHandler, Message
from libs.common.store.port import Collection, Documents, Store
from tests.clock import FakeClock


@dataclass(frozen=True)
class Opened:
    """A store and a bus that are built and not started yet."""

    store: Store
    bus: Bus

    async def start(self) -> None:
        await self.store.start()
        await self.bus.start()


class Engine(Protocol):
    """Opens the same data again and again; `close` ends the process-like part, the data stays."""

    clock: FakeClock

    async def open(self) -> Opened: ...

    async def close(self) -> None: ...


async def started(engine: Engine, spec: Collection, follower: tuple[str, FollowHandler] | None = None) -> Documents:
    """A collection on a started engine, perhaps with a follower of a topic."""
    opened = await engine.open()
    documents = opened.store.collection(spec)
    if follower:
        opened.bus.follow(*follower)
    await opened.start()
    return documents


class Inbox:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[Message]] = []

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.batches.append(list(messages))

    @property
    def messages(self) -> list[Message]:
        return [message for batch in self.batches for message in batch]

    @property
    def values(self) -> list[bytes]:
        return [message.value for message in self.messages]


async def until(condition: Callable[[], object]) -> None:
    """Lets the event loop work until the condition holds; the test's time-out is the bound."""
    while True:
        if condition():
            return
        await asyncio.sleep(0.001)


async def until_async(condition: Callable[[], Awaitable[object]]) -> None:
    """As `until`, for a condition that asks an engine."""
    while True:
        if await condition():
            return
        await asyncio.sleep(0.02)
