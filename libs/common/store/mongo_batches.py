"""Calls of many callers as few commands: what is asked for while commands are under way goes into the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

_MOST_ITEMS = 500
_MOST_BYTES = 16 << 20  # what a slow server still takes within an operation's time
_MOST_UNDER_WAY = 4


class Batches(Generic[A, R]):
    """`run` takes a batch and answers each of it, an exception where one is refused; what it raises is for all.

    `size` tells how many bytes of a command an item will be.
    """

    def __init__(self, run: Callable[[list[A]], Awaitable[Sequence[R | Exception]]], size: Callable[[A], int]) -> None:
        self._run = run
        self._size = size
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._called = False

    def add(self, item: A) -> asyncio.Future[R]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, future))
        if not self._called:
            self._called = True
            loop.call_soon(self._begin)
        return future

    async def drain(self) -> None:
        """Returns when nothing waits and nothing is under way."""
        while self._under_way or self._waiting:
            self._begin()
            await asyncio.wait(self._under_way)

    def _begin(self) -> None:
        self._called = False
        while self._waiting and len(self._under_way) < _MOST_UNDER_WAY:
            count = self._fitting()
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
            task = asyncio.create_task(self._settle(batch), name="store batch")
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _fitting(self) -> int:
        """How many of those that wait are one batch; at least one."""
        total_bytes = 0
        for count, (item, _) in enumerate(self._waiting[:_MOST_ITEMS]):
            total_bytes += self._size(item)
            if total_bytes > _MOST_BYTES:
                return max(1, count)
        return min(len(self._waiting), _MOST_ITEMS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._begin()

    async def _settle(self, batch: list[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            results: Sequence[R | Exception] = await self._run([item for item, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
