"""The load generator, a process of its own: lean callers on keep-alive connections, and the sink beside them.

Its first line is the sink's port; then it reads one job per line and answers one result per line.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict
from typing import cast

import orjson
import uvloop

from tests.bench.run import Run
from tests.bench.sink import Sink, content_length
from tests.bench.wire import Job, Result

_SETTLED_WITHIN_S = 20.0
_LONGEST_JOB_BYTES = 8 << 20


class Caller(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, run: Run) -> None:
        self._run: Run | None = run
        self._id = b""
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def send(self, id: bytes, request: bytes) -> None:
        self._id = id
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._pending:
            data = self._pending + data
        head_end = data.find(b"\r\n\r\n")
        if head_end < 0 or len(data) < head_end + 4 + content_length(data[:head_end]):
            self._pending = data
            return
        self._pending = b""
        if self._run is not None:
            self._run.answer(self, self._id, data[9:12], data[head_end + 4 :])

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._run is not None and self._id:
            self._run.answer(self, self._id, b"000", b"the connection was lost")

    def close(self) -> None:
        self._run = None
        if self._transport is not None:
            self._transport.close()


class Generator:
    """Works off jobs, one after the other; no id is used twice."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._next_id = 0

    def arrived(self, id: bytes, at_ns: int) -> None:
        if self._run is not None:
            self._run.arrival(id, at_ns)

    async def work(self, job: Job) -> Result:
        loop = asyncio.get_running_loop()
        run = self._run = Run(job, self._next_id)
        made = [loop.create_connection(lambda: Caller(run), "127.0.0.1", job.port) for _ in range(job.connections)]
        callers = [caller for _, caller in await asyncio.gather(*made)]
        started_s, used_before_s = time.monotonic(), time.process_time()
        run.start(callers)
        await asyncio.wait([run.finished], timeout=job.seconds + _SETTLED_WITHIN_S)
        elapsed_s, used_s = time.monotonic() - started_s, time.process_time() - used_before_s
        for caller in callers:
            caller.close()
        self._next_id = run.next_id
        return run.result(elapsed_s, used_s)


async def main() -> None:
    loop = asyncio.get_running_loop()
    generator = Generator()
    server = await loop.create_server(lambda: Sink(generator.arrived), "127.0.0.1", 0)
    _tell(server.sockets[0].getsockname()[1])
    jobs = asyncio.StreamReader(limit=_LONGEST_JOB_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(jobs), sys.stdin)
    while line := await jobs.readline():
        _tell(asdict(await generator.work(Job(**orjson.loads(line)))))


def _tell(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main())
