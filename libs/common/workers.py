"""Everything long-lived is a worker: a name and a `run()`. One supervisor starts, restarts and stops them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

from libs.common.errors import Unavailable

log = structlog.get_logger()
T = TypeVar("T")
_STABLE_S = 60.0


class Worker(Protocol):
    """Runs until it is cancelled. An exception out of `run` makes the supervisor start it again."""

    name: str

    async def run(self) -> None: ...


class Supervisor:
    """Runs workers, restarting one that fails with backoff; `broken` is set when one fails again and again."""

    def __init__(
        self,
        *,
        max_failures: int = 8,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.broken: asyncio.Event = asyncio.Event()
        self._max_failures = max_failures
        self._sleep = sleep
        self._now = monotonic
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, workers: Sequence[Worker]) -> None:
        for worker in workers:
            task = asyncio.create_task(self._keep_running(worker), name=worker.name)
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        for task in reversed(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.broken.set()

    async def _keep_running(self, worker: Worker) -> None:
        failures = 0
        while True:
            started = self._now()
            try:
                await worker.run()
                return
            except Exception as error:
                failures = 1 if self._now() - started > _STABLE_S else failures + 1
                log.error("worker.failed", worker=worker.name, failures=failures, exc_info=error)
            if failures >= self._max_failures:
                self.broken.set()
                return
            await self._sleep(min(30.0, 0.1 * 2**failures))


class Periodic:
    """Does `action` every `interval_s`; an owner that is down is no failure, the next round comes."""

    def __init__(self, name: str, interval_s: float, action: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self._interval_s = interval_s
        self._action = action

    async def run(self) -> None:
        while True:
            try:
                await self._action()
            except Unavailable as error:
                log.warning("worker.waiting", worker=self.name, code=error.code)
            await asyncio.sleep(self._interval_s)


class LeasedRows(Generic[T]):
    """Works off leased rows, `slots` at a time: those that its maker offers at once, and those that fall due.

    A row whose work raises is left to its lease: it falls due again when that lapses.
    """

    def __init__(
        self,
        name: str,
        claim: Callable[[int], Awaitable[Sequence[T]]],
        work: Callable[[T], Awaitable[None]],
        *,
        slots: int = 64,
        poll_s: float = 1.0,
        drain_s: float = 5.0,
    ) -> None:
        self.name = name
        self._claim = claim
        self._work = work
        self._slots = slots
        self._poll_s = poll_s
        self._drain_s = drain_s
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def free(self) -> int:
        return max(0, self._slots - len(self._running))

    def offer(self, rows: Sequence[T]) -> None:
        """Starts rows that the caller has leased for this worker; at most `free` of them.

        While the worker stops they are left to their lease.
        """
        if self._stopping:
            return
        for row in rows:
            task = asyncio.create_task(self._guard(row))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def wake(self) -> None:
        """Something fell due just now."""
        self._wake.set()

    async def run(self) -> None:
        self._stopping = False
        try:
            while True:
                self._wake.clear()
                rows = await self._claim_quietly() if self.free else ()
                self.offer(rows)
                if not rows or not self.free:
                    await self._rest()
        finally:
            await self._drain()

    async def _claim_quietly(self) -> Sequence[T]:
        try:
            return await self._claim(self.free)
        except Unavailable as error:
            log.warning("worker.waiting", worker=self.name, code=error.code)
            return ()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), self._poll_s)
        except TimeoutError:
            return

    async def _guard(self, row: T) -> None:
        try:
            await self._work(row)
        except Unavailable as error:
            log.warning("worker.row_waiting", worker=self.name, code=error.code)
        except Exception as error:
            log.error("worker.row_failed", worker=self.name, exc_info=error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if len(self._running) == self._slots - 1:
            self._wake.set()

    async def _drain(self) -> None:
        self._stopping = True
        if self._running:
            _, unfinished = await asyncio.wait(self._running, timeout=self._drain_s)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
