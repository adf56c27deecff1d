"""Starts and ends aiokafka's clients within bounds and without remains: their own ways wait for a broker that is gone.

What is underscored here belongs to aiokafka 0.14; nothing public gives up messages or tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

_LAST_S = 0.5
_LOOKS = 50
_CANCELLATIONS = 5


async def start_within(timeout_s: float, client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Raises TimeoutError, or what `start` raises."""
    starting = asyncio.ensure_future(client.start())
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(starting)
    finally:
        if not starting.done():
            await _give_up_start(starting, client)


async def _give_up_start(starting: asyncio.Future[None], client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Cancelled before it knows the brokers, it would leave its first connection open."""
    for _ in range(_LOOKS):
        if starting.done() or _connections(client).cluster.brokers():
            break
        await asyncio.sleep(_LAST_S / _LOOKS)
    starting.cancel()
    await asyncio.wait([starting])
    _look_at(starting)


def _connections(client: AIOKafkaProducer | AIOKafkaConsumer) -> Any:
    return client.client if isinstance(client, AIOKafkaProducer) else client._client


async def end_producer(producer: AIOKafkaProducer, timeout_s: float) -> None:
    """Sends what waits; what isn't acknowledged after the time-out is given up."""
    with suppress(TimeoutError):
        await asyncio.wait_for(producer.flush(), timeout_s)
    producer._closed = True  # as `stop` would say, which then waits for messages without end
    await _abandon([producer._sender.sender_task], producer.client)


async def end_consumer(
    consumer: AIOKafkaConsumer, timeout_s: float, under_way: asyncio.Future[Any] | None = None
) -> None:
    """Leaves the group, if that can be said to anybody. `under_way` is a call of the consumer that nobody awaits."""
    stopping = asyncio.ensure_future(consumer.stop())
    if await _ended(stopping, timeout_s) and under_way is None:
        return
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")
    tasks = [getattr(coordinator, name, None) for name in names]
    if fetcher:
        tasks += [fetcher._fetch_task, *fetcher._pending_tasks]
    await _abandon([stopping, under_way, *tasks], consumer._client)


async def _ended(stopping: asyncio.Future[Any], timeout_s: float) -> bool:
    """A consumer that is waiting to ask again cancels its own `stop` half way."""
    await asyncio.wait([stopping], timeout=timeout_s)
    return stopping.done() and not stopping.cancelled() and stopping.exception() is None


async def _abandon(tasks: Sequence[asyncio.Future[Any] | None], client: Any) -> None:
    """The sender takes a cancellation for each of its requests; a task may have connected anew until it ended."""
    closing = asyncio.ensure_future(client.close())
    await asyncio.wait([closing], timeout=_LAST_S)
    for _ in range(_CANCELLATIONS):
        left = [task for task in (closing, *tasks) if task is not None and not task.done()]
        if not left:
            break
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_LAST_S / _CANCELLATIONS)
    again = asyncio.ensure_future(client.close())
    await asyncio.wait([again], timeout=_LAST_S)
    again.cancel()
    for task in (closing, again, *tasks):
        if task is not None:
            _look_at(task)


def _look_at(task: asyncio.Future[Any]) -> None:
    """An error that nobody looks at is logged with its traceback."""
    if task.done() and not task.cancelled():
        task.exception()
