"""A process that is a member of a group and prints what it has handled; tests kill and stop it.

`python -m tests.common.conformance.kafka_member URL TOPIC GROUP SESSION_TIMEOUT_S HANDLING_S`
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.port import Message


async def main(url: str, topic: str, group: str, session_timeout_s: str, handling_s: str) -> None:
    async def handle(messages: Sequence[Message]) -> None:
        say("begun", messages)
        await asyncio.sleep(float(handling_s))
        say("handled", messages)

    bus = KafkaBus(url, [], KafkaOptions(session_timeout_s=float(session_timeout_s), commit_interval_s=0.05))
    bus.subscribe(topic, group, handle, max_batch=2)
    await bus.start()
    await asyncio.Event().wait()


def say(what: str, messages: Sequence[Message]) -> None:
    sys.stdout.write(" ".join([what, *(each.value.decode() for each in messages)]) + "\n")
    sys.stdout.flush()


class Member:
    """Such a process, seen from the test."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.begun: list[bytes] = []
        self.handled: list[bytes] = []

    async def read(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            said, *values = line.split()
            kept = {b"begun": self.begun, b"handled": self.handled}.get(said)
            if kept is not None:  # else it is a line of its log
                kept.extend(values)


@asynccontextmanager
async def member(
    url: str, topic: str, group: str, *, session_timeout_s: float, handling_s: float
) -> AsyncIterator[Member]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, url, topic, group, str(session_timeout_s), str(handling_s)),
        stdout=asyncio.subprocess.PIPE,
    )
    found = Member(process)
    reading = asyncio.create_task(found.read())
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
