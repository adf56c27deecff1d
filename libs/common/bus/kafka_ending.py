"""Ends aiokafka's clients within a bound: by themselves they wait for a broker that is gone.

What is underscored here belongs to aiokafka 0.14; nothing public gives up messages or tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

_LAST_S = 0.5
_CANCELLATIONS = 5


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
    """The sender takes a cancellation for each of its requests."""
    closing = asyncio.ensure_future(client.close())
    await asyncio.wait([closing], timeout=_LAST_S)
    for _ in range(_CANCELLATIONS):
        left = [task for task in (closing, *tasks) if task is not None and not task.done()]
        if not left:
            break
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_LAST_S / _CANCELLATIONS)
    for task in (closing, *tasks):
        if task is not None and task.done() and not task.cancelled():
            task.exception()  # somebody must have looked at it, or it is logged
