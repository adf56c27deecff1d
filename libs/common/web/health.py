"""Alive and ready: `/healthz` answers while the process runs, `/readyz` while it can do its work."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from libs.common.errors import ServiceError, Unavailable
from libs.common.ids import new_id
from libs.common.web.problems import problem

_PING_WITHIN_S = 2.0


class Pinged(Protocol):
    """An engine that can say whether it works."""

    async def ping(self) -> None: ...


class Health:
    """`started` is set once everything was started, `stopping` before anything is stopped.

    `missing` is what the start waits for.
    """

    def __init__(self, *, ping_within_s: float = _PING_WITHIN_S, **engines: Pinged) -> None:
        self.started = False
        self.stopping = False
        self.missing: Unavailable | None = None
        self._engines = engines
        self._ping_within_s = ping_within_s
        self._ping: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]

    def check_started(self) -> None:
        """Raises Unavailable until everything was started."""
        if not self.started:
            raise starting()

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _ready(self, _request: web.Request) -> web.Response:
        try:
            if self.stopping:
                raise Unavailable("stopping", "The process is stopping.", retry_after_s=1)
            if self.missing is not None:
                raise self.missing
            self.check_started()
            await self._pinged()
        except ServiceError as error:
            return problem(error, new_id())
        return web.json_response({"status": "ready"})

    async def _pinged(self) -> None:
        """However many probes there are at a time, the engines are pinged once."""
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._ping_all(), name="ping engines")
            self._ping.add_done_callback(_retrieve)
        await asyncio.shield(self._ping)

    async def _ping_all(self) -> None:
        await asyncio.gather(*(self._ping_one(name, engine) for name, engine in self._engines.items()))

    async def _ping_one(self, name: str, engine: Pinged) -> None:
        try:
            async with asyncio.timeout(self._ping_within_s):
                await engine.ping()
        except TimeoutError:
            message = f"The {name} does not answer within {self._ping_within_s:g} seconds."
            raise Unavailable(f"{name}_slow", message, retry_after_s=1) from None


def starting() -> Unavailable:
    """What everything but health answers until everything was started: why it waits is the operator's alone."""
    return Unavailable("starting", "The engine is starting; try again shortly.", retry_after_s=1)


def _retrieve(ping: asyncio.Task[None]) -> None:
    """Every probe may have gone away meanwhile; then nobody else looks at the error."""
    if not ping.cancelled():
        ping.exception()
