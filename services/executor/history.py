"""The writer of the history: finished executions in batches, off the way of the answers."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import structlog

from libs.common.errors import Unavailable
from services.executor.records import Finished, Records, Row
from services.executor.repository import ExecutionRepository

log = structlog.get_logger()
_TURN_S = 0.002


@dataclass(frozen=True, slots=True)
class Limits:
    """A batch is written when it is `batch_rows` long or `linger_s` old; more than `pending_*` holds up executions."""

    batch_rows: int = 200
    linger_s: float = 0.1
    pending_rows: int = 5_000
    pending_bytes: int = 64 << 20
    room_wait_s: float = 5.0
    retry_s: float = 1.0
    drain_s: float = 5.0


class HistoryWriter:
    """A worker. Nothing is dropped silently: rows wait while the store is down, and what is lost is counted."""

    name = "executor.history"

    def __init__(self, repository: ExecutionRepository, records: Records, limits: Limits | None = None) -> None:
        self.lost = 0
        self._repository = repository
        self._records = records
        self._limits = limits or Limits()
        self._pending: deque[Finished] = deque()
        self._pending_bytes = 0
        self._writing = asyncio.Lock()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._room = asyncio.Event()

    async def room(self) -> None:
        """Waits while too much is pending. Raises Unavailable when the store does not catch up in time."""
        if not self._is_full():
            return
        try:
            async with asyncio.timeout(self._limits.room_wait_s):
                while self._is_full():
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            message = "Executions can't be recorded at the moment; try again shortly."
            raise Unavailable("history_full", message, retry_after_s=5) from None

    def add(self, finished: Finished) -> None:
        self._pending.append(finished)
        self._pending_bytes += finished.size_bytes
        self._some.set()
        if len(self._pending) >= self._limits.batch_rows:
            self._enough.set()

    async def run(self) -> None:
        try:
            while True:
                await self._some.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.linger_s):
                        await self._enough.wait()
                await self._flush_or_wait()
        finally:
            await self._drain()

    async def flush(self) -> None:
        """Writes what is pending now. Raises Unavailable, and then it stays pending."""
        async with self._writing:
            left = len(self._pending)
            while left > 0:
                batch = list(islice(self._pending, min(left, self._limits.batch_rows)))
                await self._write(batch)
                self._forget(len(batch))
                left -= len(batch)

    async def _flush_or_wait(self) -> None:
        try:
            await self.flush()
        except Unavailable as error:
            log.warning("history.waiting", rows=len(self._pending), code=error.code)
            await asyncio.sleep(self._limits.retry_s)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await self.flush()
        except (TimeoutError, Unavailable):
            self.lost += len(self._pending)
            log.error("history.lost", rows=len(self._pending), reason="the store did not take them before the end")

    async def _write(self, batch: Sequence[Finished]) -> None:
        rows = await self._rows(batch)
        try:
            await self._repository.add(rows)
        except Unavailable:
            raise
        except Exception:
            await self._write_each(rows)

    async def _write_each(self, rows: Sequence[Row]) -> None:
        """After a batch was refused: only the row that the store can't take is lost."""
        for row in rows:
            try:
                await self._repository.add([row])
            except Unavailable:
                raise
            except Exception as error:
                self.lost += 1
                log.error("history.lost", execution=row[0].id, exc_info=error)

    async def _rows(self, batch: Sequence[Finished]) -> list[Row]:
        """Large payloads take a while to go through, so others get their turn in between."""
        rows = []
        turn_ends = time.monotonic() + _TURN_S
        for finished in batch:
            rows.append(self._records.row(finished))
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN_S
        return rows

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._pending_bytes -= self._pending.popleft().size_bytes
        self._room.set()
        if not self._pending:
            self._some.clear()
        if len(self._pending) < self._limits.batch_rows:
            self._enough.clear()

    def _is_full(self) -> bool:
        limits = self._limits
        return len(self._pending) >= limits.pending_rows or self._pending_bytes >= limits.pending_bytes
