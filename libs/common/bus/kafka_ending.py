"""Ends aiokafka's clients within a bound: by themselves they wait for a broker that is gone.

What is underscored here belongs to aiokafka 0.14; nothing public gives up messages or tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import ProducerClosed

_LAST_S = 0.5


async def end_producer(producer: AIOKafkaProducer, timeout_s: float) -> None:
    """Sends what waits; what isn't acknowledged after the time-out fails."""
    stopping = asyncio.ensure_future(producer.stop())
    if await _ended(stopping, timeout_s):
        return
    producer._message_accumulator.fail_all(ProducerClosed())
    await _abandon([stopping, producer._sender.sender_task], producer.client)


async def end_consumer(consumer: AIOKafkaConsumer, timeout_s: float) -> None:
    """Leaves the group, if that can be said to anybody."""
    stopping = asyncio.ensure_future(consumer.stop())
    if await _ended(stopping, timeout_s):
        return
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")
    tasks = [getattr(coordinator, name, None) for name in names]
    if fetcher:
        tasks += [fetcher._fetch_task, *fetcher._pending_tasks]
    await _abandon([stopping, *tasks], consumer._client)


async def _ended(stopping: asyncio.Future[Any], timeout_s: float) -> bool:
    """An end that fails is one too: its reason is that the broker is gone."""
    done, _ = await asyncio.wait([stopping], timeout=timeout_s)
    return bool(done) and stopping.exception() is None


async def _abandon(tasks: list[asyncio.Future[Any] | None], client: Any) -> None:
    await _briefly(client.close())
    left = [task for task in tasks if task is not None and not task.done()]
    for task in left:
        task.cancel()
    await _briefly(asyncio.gather(*left, return_exceptions=True))


async def _briefly(work: Awaitable[Any]) -> None:
    future = asyncio.ensure_future(work)
    await asyncio.wait([future], timeout=_LAST_S)
    if not future.done():
        future.cancel()
    elif not future.cancelled():
        future.exception()
