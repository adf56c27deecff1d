"""The other processes of a measurement: the load generator with its sink, and the bare aiohttp server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import orjson

from tests.bench.wire import Job, Result


class Load:
    """The load generator; `sink_port` is where deliveries and calls are to go."""

    def __init__(self, process: asyncio.subprocess.Process, sink_port: int) -> None:
        self._process = process
        self.sink_port = sink_port

    async def run(self, job: Job) -> Result:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(asdict(job)) + b"\n")
        await self._process.stdin.drain()
        return Result(**orjson.loads(await _line(self._process)))


@dataclass(frozen=True, slots=True)
class Bare:
    """The bare server: `port` for aiohttp's endpoints, `lean_port` for what the generator can do at most."""

    pid: int
    port: int
    lean_port: int


@asynccontextmanager
async def load() -> AsyncIterator[Load]:
    async with _running("tests.bench.load") as process:
        yield Load(process, int(await _line(process)))


@asynccontextmanager
async def bare(sink_port: int) -> AsyncIterator[Bare]:
    async with _running("tests.bench.bare", str(sink_port)) as process:
        port, lean_port = (await _line(process)).split()
        yield Bare(process.pid, int(port), int(lean_port))


@asynccontextmanager
async def _running(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the bench ended; what it wrote stands above")
    return line
