"""One job under way: hands out ids, hears answers and arrivals, and accounts for every id at the end."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from tests.bench.wire import ID_MARK, ID_PLACE, Job, Result

_GOOD = (b"200", b"201")
_EXAMPLES = 3


class Connection(Protocol):
    """Sends one request at a time and reports its answer to `Run.answer`."""

    def send(self, id: bytes, request: bytes) -> None: ...


class Run:
    """A request is settled once it was answered and, where the job awaits that, arrived at the sink."""

    def __init__(self, job: Job, first_id: int) -> None:
        before, self._has_id, after = job.request.encode("latin-1").partition(ID_PLACE)
        self._before, self._after = before, after
        self._job = job
        self._first_id = self.next_id = first_id
        self._ends_ns = 0
        self._sent_at: dict[bytes, int] = {}
        self._answered_at: dict[bytes, int] = {}
        self._arrived_at: dict[bytes, int] = {}
        self._awaited: dict[bytes, Connection] = {}
        self._refused = self._unechoed = self._duplicates = self._under_way = 0
        self._examples: list[str] = []
        self._idle: list[Connection] = []
        self._due: deque[int] = deque()
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, connections: Sequence[Connection]) -> None:
        self._ends_ns = time.monotonic_ns() + int(self._job.seconds * 1e9)
        if self._job.rate_per_s is not None:
            self._idle.extend(connections)
            self._tick(asyncio.get_running_loop().time(), 1 / self._job.rate_per_s)
            return
        for connection in connections:
            self._send(connection, time.monotonic_ns())

    def answer(self, connection: Connection, id: bytes, status: bytes, body: bytes) -> None:
        good = status in _GOOD
        if good:
            self._answered_at[id] = time.monotonic_ns()
        else:
            self._refused += 1
            self._note(status + b" " + body)
        if good and self._has_id and not self._job.arrival and id not in body:
            self._unechoed += 1
            self._note(body)
        if self._job.rate_per_s is not None:
            self._idle.append(connection)
            self._send_due()
        if good and self._job.arrival and id not in self._arrived_at:
            self._awaited[id] = connection
        else:
            self._settle(connection)

    def arrival(self, id: bytes, at_ns: int) -> None:
        if id in self._arrived_at:
            self._duplicates += 1
            return
        self._arrived_at[id] = at_ns
        connection = self._awaited.pop(id, None)
        if connection is not None:
            self._settle(connection)

    def result(self, elapsed_s: float, processor_s: float) -> Result:
        ended_at = self._arrived_at if self._job.arrival else self._answered_at
        latencies = sorted(ended_at[id] - at for id, at in self._sent_at.items() if id in ended_at) or [0]
        lost = list(self._awaited)
        return Result(
            answered=len(self._answered_at),
            refused=self._refused,
            unechoed=self._unechoed,
            lost=len(lost),
            duplicates=self._duplicates,
            elapsed_s=elapsed_s,
            processor_s=processor_s,
            p50_ms=latencies[len(latencies) // 2] / 1e6,
            p99_ms=latencies[len(latencies) * 99 // 100] / 1e6,
            examples=self._examples + [id.decode() for id in lost[:_EXAMPLES]],
        )

    def _settle(self, connection: Connection) -> None:
        self._under_way -= 1
        if self._job.rate_per_s is None and not self._over():
            self._send(connection, time.monotonic_ns())
        else:
            self._finish_if_settled()

    def _finish_if_settled(self) -> None:
        if self._over() and self._under_way == 0 and not self._due and not self.finished.done():
            self.finished.set_result(None)

    def _send(self, connection: Connection, at_ns: int) -> None:
        id = ID_MARK + b"%012d" % self.next_id
        self.next_id += 1
        self._under_way += 1
        self._sent_at[id] = at_ns
        connection.send(id, self._before + id + self._after if self._has_id else self._before)

    def _over(self) -> bool:
        if self._job.count is not None and self.next_id - self._first_id >= self._job.count:
            return True
        return time.monotonic_ns() >= self._ends_ns

    def _tick(self, at_s: float, every_s: float) -> None:
        """A request falls due by the clock, and is timed from now even if it must wait for a connection."""
        if self._over():
            self._finish_if_settled()
            return
        self._due.append(time.monotonic_ns())
        self._send_due()
        asyncio.get_running_loop().call_at(at_s + every_s, self._tick, at_s + every_s, every_s)

    def _send_due(self) -> None:
        while self._due and self._idle:
            self._send(self._idle.pop(), self._due.popleft())

    def _note(self, text: bytes) -> None:
        if len(self._examples) < _EXAMPLES:
            self._examples.append(text[:300].decode(errors="replace"))
