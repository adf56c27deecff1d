"""The product in both its forms, and the faults that each can be made to suffer."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from libs.common.settings import Settings
from tests.engines.engines import Engine, Engines, make_engines
from tests.ports import Ports
from tests.split.processes import Process, Program
from tests.split.running import split

ROLES = (
    *("catalog", "identity", "credentials", "executor"),
    *("webhooks:edge", "webhooks:edge", "webhooks:workers", "webhooks:workers"),
)
_PAUSED_S = (3.0, 8.0)
_ENGINE_AWAY_S = (1.0, 4.0)
_READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong; `happen` returns when it is over, though not yet recovered from."""

    name: str
    happen: Callable[[], Awaitable[None]]


@dataclass
class System:
    """A running product. `faults` come group by group, those of a group in any order, and then again."""

    name: str
    url: str
    faults: Sequence[Sequence[Fault]]
    output: Callable[[], str] = field(repr=False)


@asynccontextmanager
async def embedded(chance: random.Random) -> AsyncIterator[System]:
    """One process on embedded engines, started again by whoever runs it, as any supervisor does."""
    with Ports() as ports, tempfile.TemporaryDirectory(prefix="interactor-chaos-") as folder:
        port = ports.take()
        ours = {name.upper() for name in Settings.model_fields}
        inherited = {name: value for name, value in os.environ.items() if name.upper() not in ours}
        environment = {**inherited, "PORT": str(port), "DATA_DIR": folder, "PYTHONUNBUFFERED": "1"}
        process = Process("product", Program((sys.executable, "-m", "services"), environment), lambda name, line: None)
        url = f"http://127.0.0.1:{port}"
        await process.start()
        try:
            await _ready(url)
            yield System("one process", url, [[_kill([process]), _pause(process, chance)]], lambda: process.output)
        finally:
            await process.terminate(10.0)


@asynccontextmanager
async def on_engines(chance: random.Random) -> AsyncIterator[System]:
    """A process per role, two of those that matter most, behind nginx, on a MongoDB and a Kafka."""
    lines: list[str] = []
    engines = await asyncio.to_thread(_started)
    try:
        hear = lambda name, line: lines.append(f"{name:20} {line}")  # noqa: E731
        async with split(engines.store_url, engines.bus_url, roles=ROLES, hear=hear) as running:
            await running.ready()
            processes = running.services
            workers = [each for each in processes if each.name.startswith("webhooks:workers")]
            faults = (
                [_outage(engine, chance) for engine in (engines.mongo, engines.kafka)],
                [*(_kill([process]) for process in processes), _kill(workers)],
                [_pause(process, chance) for process in processes],
            )
            yield System("processes on engines", running.url, faults, lambda: "\n".join(lines))
    finally:
        await asyncio.to_thread(engines.close)


def _started() -> Engines:
    engines = make_engines()
    try:
        engines.start()
    except BaseException:
        engines.close()
        raise
    return engines


def _kill(processes: Sequence[Process]) -> Fault:
    async def happen() -> None:
        for process in processes:
            process.kill()

    return Fault(f"SIGKILL {' and '.join(process.name for process in processes)}", happen)


def _pause(process: Process, chance: random.Random) -> Fault:
    async def happen() -> None:
        process.pause()
        await asyncio.sleep(chance.uniform(*_PAUSED_S))
        process.resume()

    return Fault(f"SIGSTOP {process.name}", happen)


def _outage(engine: Engine, chance: random.Random) -> Fault:
    async def happen() -> None:
        await asyncio.to_thread(engine.kill)
        await asyncio.sleep(chance.uniform(*_ENGINE_AWAY_S))
        await asyncio.to_thread(engine.start)

    return Fault(f"SIGKILL {engine.name}", happen)


async def _ready(url: str) -> None:
    async with asyncio.timeout(_READY_WITHIN_S), aiohttp.ClientSession(url) as session:
        while not await _answers(session):  # noqa: ASYNC110  (another process tells nobody)
            await asyncio.sleep(0.05)


async def _answers(session: Any) -> bool:
    try:
        async with session.get("/readyz") as answer:
            return bool(answer.status == 200)
    except aiohttp.ClientError:
        return False
