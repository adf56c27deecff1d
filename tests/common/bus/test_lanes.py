"""How far a group has come, whatever the order in which its lanes finish; and when it has room for more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from libs.common.bus.lanes import Backlog, Delivery, Lanes, Retries
from libs.common.bus.port import Message
from tests.common.conformance.engine import Inbox, until


async def no_dead_letter(message: Message, error: Exception) -> None:
    raise AssertionError(message) from error


def at(position: int, key: str, partition: int = 0) -> Message:
    return Message("topic", key, b"value", position, partition)


def lanes_of(handler: object, backlog: Backlog | None = None) -> Lanes:
    return Lanes(Delivery(handler, no_dead_letter, Retries(), max_batch=1), backlog=backlog)  # type: ignore[arg-type]


async def test_what_is_finished_out_of_order_counts_only_up_to_the_first_that_is_not() -> None:
    gates, done = {"a": asyncio.Event(), "b": asyncio.Event(), "c": asyncio.Event()}, Inbox()

    async def handle(messages: Sequence[Message]) -> None:
        await gates[messages[0].key].wait()
        await done(messages)

    lanes = lanes_of(handle)
    by_lane: dict[int, str] = {}
    for key in ("a", "b", "c"):
        by_lane.setdefault(hash(key) % 4, key)
    keys = list(by_lane.values())
    for position, key in enumerate(keys, 10):
        lanes.put(at(position, key))
    assert lanes.oldest() == 10
    for key in reversed(keys[1:]):
        gates[key].set()
    await until(lambda: len(done.messages) == len(keys) - 1)
    await asyncio.sleep(0)
    assert lanes.oldest() == 10
    gates[keys[0]].set()
    await until(lambda: lanes.oldest() is None)
    await lanes.close(0)


async def test_each_partition_has_its_own_place() -> None:
    gate, done = asyncio.Event(), Inbox()

    async def handle(messages: Sequence[Message]) -> None:
        if messages[0].partition == 1:
            await gate.wait()
        await done(messages)

    lanes = lanes_of(handle)
    free = next(f"key{n}" for n in range(100) if hash(f"key{n}") % 4 != hash("stuck") % 4)
    lanes.put(at(5, "stuck", partition=1))
    lanes.put(at(7, free, partition=2))
    await until(lambda: lanes.oldest(2) is None)
    assert (lanes.oldest(1), lanes.oldest(2), lanes.oldest(3)) == (5, None, None)
    gate.set()
    await until(lambda: lanes.oldest(1) is None)
    await lanes.close(0)


async def test_a_full_backlog_has_room_again_at_half_and_when_the_lanes_close() -> None:
    gate = asyncio.Event()

    async def handle(_: Sequence[Message]) -> None:
        await gate.wait()

    lanes = lanes_of(handle, Backlog(messages=2))
    lanes.put(at(1, "a"))
    assert not lanes.full
    lanes.put(at(2, "a"))
    assert lanes.full
    waiting = asyncio.create_task(lanes.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await lanes.close(0)
    await waiting
