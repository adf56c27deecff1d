"""Tasks in the background of a driver: none ends without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable

import structlog

from libs.common.errors import Unavailable


async def every(interval_s: float, name: str, action: Callable[[], Awaitable[object]]) -> None:
    """Runs `action` after each interval; while it is Unavailable that is logged and tried again."""
    while True:
        await asyncio.sleep(interval_s)
        try:
            await action()
        except Unavailable as error:
            structlog.get_logger().warning("periodic_work_failed", work=name, reason=error.message)


def start(name: str, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
    """Starts a task that is meant to run until it is cancelled."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    return task


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels them and waits until they are gone."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        structlog.get_logger().critical("background_task_died", task=task.get_name(), exc_info=error)
