"""A real nginx for the length of a block: its own folder, its own process, a port that nobody else can take."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

Configuration = Callable[[str, str], str]
"""From the address to listen on and the folder to write to, to the text."""
_ENDS_WITHIN_S = 10.0


class NginxFailed(AssertionError):
    """It ended by itself; the message holds its log."""


@dataclass(frozen=True)
class Nginx:
    """A running one. `url` is where it listens, without a slash at the end."""

    url: str
    port: int
    process: asyncio.subprocess.Process
    folder: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return (self.folder / "error.log").read_text()

    @property
    def access_log(self) -> str:
        return (self.folder / "access.log").read_text()


@asynccontextmanager
async def running(configuration: Configuration, *, port: int = 0) -> AsyncIterator[Nginx]:
    """Starts it, skipping the test where nginx is missing, and stops it at the end. Raises NginxFailed."""
    program = find_program()
    with tempfile.TemporaryDirectory(prefix="nginx-") as name, socket.create_server(("127.0.0.1", port)) as listening:
        folder, bound_port = Path(name), listening.getsockname()[1]
        text = await asyncio.to_thread(configuration, f"127.0.0.1:{bound_port}", name)
        (folder / "nginx.conf").write_text(text)
        process = await _started(program, folder, listening)
        try:
            await _answering(process, folder, bound_port)
            yield Nginx(f"http://127.0.0.1:{bound_port}", bound_port, process, folder)
        finally:
            await _stopped(process)


def find_program() -> str:
    """Debian keeps it where ordinary users don't look."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        missing = "nginx is not installed; `apt-get install nginx` brings it"
        if os.environ.get("REQUIRE_ENGINES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return program


async def _started(program: str, folder: Path, listening: socket.socket) -> asyncio.subprocess.Process:
    """The socket is handed over as nginx hands its own to its next version, so that nobody else can take the port."""
    as_root = " user root;" if os.geteuid() == 0 else ""
    with (folder / "access.log").open("w") as out, (folder / "error.log").open("w") as log:
        return await asyncio.create_subprocess_exec(
            *(program, "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", f"daemon off;{as_root}"),
            env={**os.environ, "NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=log,
        )


async def _answering(process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
    """The socket listens before nginx does: it has started when it answers, whatever that is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer, ended = asyncio.create_task(reader.read()), asyncio.create_task(process.wait())
    await asyncio.wait((answer, ended), return_when=asyncio.FIRST_COMPLETED)
    failed = process.returncode is not None
    for task in (answer, ended):
        task.cancel()
    writer.close()
    if failed:
        raise NginxFailed(f"nginx ended with exit code {process.returncode}:\n{(folder / 'error.log').read_text()}")


async def _stopped(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
