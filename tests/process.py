"""The product as a real process: started on free ports, waited for, stopped or killed, its output kept."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from libs.common.settings import Settings

_API = re.compile(r"API\s+(http://\S+)/v1")
_METRICS = re.compile(r"metrics\s+(http://\S+)")
_ROOT = Path(__file__).parent.parent
_KEPT_LINES = 2_000
_STARTS_WITHIN_S = 20.0
_ORPHANS_END_WITHIN_S = 10.0


class ProductFailed(AssertionError):
    """The process ended, or did not say in time where it listens; the message holds its output."""


class Product:
    """One running process. `url` is where its API listens, without `/v1`; `metrics_url` its /metrics."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.url = ""
        self.metrics_url = ""
        self._process = process
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._listening = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return "".join(self._lines)

    async def listening(self) -> None:
        """Returns once it has said where it listens. Raises ProductFailed."""
        waiting = asyncio.create_task(self._listening.wait())
        try:
            await asyncio.wait((waiting, self._reading), timeout=_STARTS_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            if not self._listening.is_set():
                await self.kill()
        if not self._listening.is_set():
            raise ProductFailed(
                f"the product never said where it listens (exit code {self._process.returncode}):\n{self.output}"
            )

    async def stop(self) -> int:
        """Asks it to end as a terminal or an orchestrator does, and answers its exit code."""
        self._send(signal.SIGTERM)
        return await self._ended()

    async def kill(self) -> None:
        """SIGKILL: nothing of it runs any further."""
        self._send(signal.SIGKILL)
        await self._ended()

    def _send(self, which: signal.Signals) -> None:
        """Not by asyncio's own `send_signal`, which takes the exit code away from the waiting loop."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, which)

    async def _ended(self) -> int:
        """Waits for the process and for everything it started, which shares its output."""
        code = await self._process.wait()
        async with asyncio.timeout(_ORPHANS_END_WITHIN_S):
            await self._reading
        return code

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace")
            self._lines.append(line)
            if (found := _METRICS.search(line)) is not None:
                self.metrics_url = found[1]
            if (found := _API.search(line)) is not None:
                self.url = found[1]
            if self.url and self.metrics_url:
                self._listening.set()


async def start(data_dir: Path, **settings: str) -> Product:
    """Starts the product on a free port. Settings of the caller's own environment are not inherited."""
    ours = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name.upper() not in ours}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services",
        cwd=_ROOT,
        env={**environment, "PYTHONUNBUFFERED": "1", "PORT": "0", "DATA_DIR": str(data_dir), **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    product = Product(process)
    await product.listening()
    return product


@asynccontextmanager
async def running(data_dir: Path, **settings: str) -> AsyncIterator[Product]:
    """The product for the length of a block; stopped at its end."""
    product = await start(data_dir, **settings)
    try:
        yield product
    finally:
        await product.stop()
