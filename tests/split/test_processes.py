"""A process of a split run is kept running, and ended."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest

from tests.split.processes import Process, Program


class Heard:
    """The lines of a process, as they come."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, _name: str, line: str) -> None:
        self.lines.put_nowait(line)

    async def until(self, wanted: str) -> None:
        while wanted not in await self.lines.get():
            pass


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def process(request: pytest.FixtureRequest, heard: Heard) -> AsyncIterator[Process]:
    program = Program((sys.executable, "-u", "-c", request.param), dict(os.environ))
    process = Process("it", program, heard, first_delay_s=0.01)
    await process.start()
    yield process
    await process.terminate(within_s=0)


_WAITS = "import signal; print('up'); signal.pause()"
_DEAF = "import signal; signal.signal(15, signal.SIG_IGN); print('up')\nwhile True: signal.pause()"


@pytest.mark.parametrize("process", ["print('up')"], indirect=True)
async def test_what_ends_by_itself_is_started_again_with_a_word(process: Process, heard: Heard) -> None:
    await heard.until("up")
    await heard.until("*** it ended with exit code 0 and starts again in 0.01 s")
    await heard.until("up")
    await heard.until("starts again in 0.02 s")
    assert process.starts >= 2


@pytest.mark.parametrize("process", [_WAITS], indirect=True)
async def test_what_is_killed_is_another_process_afterwards(process: Process, heard: Heard) -> None:
    await heard.until("up")
    before = process.pid
    process.kill()
    await process.started()
    assert process.pid != before
    assert process.exit_codes == [-9]


@pytest.mark.parametrize("process", [_WAITS], indirect=True)
async def test_what_is_killed_again_and_again_is_not_made_to_wait_for_it(process: Process, heard: Heard) -> None:
    for _ in range(3):
        await heard.until("up")
        process.kill()
        await heard.until("starts again in 0.01 s")


@pytest.mark.parametrize("process", [_WAITS], indirect=True)
async def test_what_was_paused_ends_all_the_same(process: Process, heard: Heard) -> None:
    await heard.until("up")
    process.pause()
    await process.terminate(within_s=10)
    assert (process.exit_codes, process.alive) == ([-15], False)


@pytest.mark.parametrize("process", [_DEAF], indirect=True)
async def test_what_does_not_listen_is_killed(process: Process, heard: Heard) -> None:
    await heard.until("up")
    await process.terminate(within_s=0.01)
    assert process.exit_codes == [-9]
    assert "*** it does not end within 0.01 s and is killed" in process.output
