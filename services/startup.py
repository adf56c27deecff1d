"""The start waits for what is down, in words, and never gives up: engines and processes start in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from libs.common.errors import Unavailable
from libs.common.web.health import Health

log = structlog.get_logger()
_LONGEST_WAIT_S = 3.0


class Startup:
    """Steps that may find an engine down; what is missing stands in `health`, and in the log once per reason."""

    def __init__(self, health: Health, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._health = health
        self._sleep = sleep

    async def step(self, action: Callable[[], Awaitable[None]]) -> None:
        """Tries until it is done."""
        waits = wait_random_exponential(multiplier=0.1, max=_LONGEST_WAIT_S)
        async for attempt in AsyncRetrying(retry=retry_if_exception_type(Unavailable), wait=waits, sleep=self._sleep):
            with attempt:
                await self._try(action)
        self._health.missing = None

    async def _try(self, action: Callable[[], Awaitable[None]]) -> None:
        try:
            await action()
        except Unavailable as missing:
            if self._health.missing is None or self._health.missing.message != missing.message:
                log.warning("start.waiting", code=missing.code, reason=missing.message)
            self._health.missing = missing
            raise
