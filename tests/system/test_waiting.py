"""A process whose engines are away: it is alive, says what it waits for, and ends at once when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.ports import Ports


@pytest.mark.system
async def test_while_the_engines_are_away_it_is_alive_not_ready_and_stops_at_a_word(tmp_path: Path) -> None:
    with Ports() as ports:
        port, nobody = ports.take(), ports.take()
        engines = {"STORE_URL": f"mongodb://127.0.0.1:{nobody}/", "BUS_URL": f"kafka://127.0.0.1:{nobody}"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services"),
            env={**os.environ, **engines, "PORT": str(port), "DATA_DIR": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await _listening(port)
            assert [await _status(port, path) for path in ("healthz", "readyz", "v1/service")] == [200, 503, 503]
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in said


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


async def _status(port: int, path: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/{path}") as answer:
        return answer.status
