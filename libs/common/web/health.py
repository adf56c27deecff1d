"""Alive and ready: `/healthz` answers while the process runs, `/readyz` while it can do its work."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from libs.common.errors import ServiceError, Unavailable
from libs.common.ids import new_id
from libs.common.web.problems import problem

_PING_WITHIN_S = 2.0
_PING_ENDS_WITHIN_S = 15.0


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
        self._pulses = [_Pulse(name, engine, ping_within_s) for name, engine in engines.items()]

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
                raise self.missing.with_traceback(None)
            self.check_started()
            await asyncio.gather(*(pulse.check() for pulse in self._pulses))
        except ServiceError as error:
            return problem(error, new_id())
        return web.json_response({"status": "ready"})


class _Pulse:
    """An engine's ping, one at a time however many ask.

    Nobody waits for it longer than `within_s`; it goes on behind their backs, so that what the engine says of
    itself in the end is there for those who ask next.
    """

    def __init__(self, name: str, engine: Pinged, within_s: float) -> None:
        self._name = name
        self._engine = engine
        self._within_s = within_s
        self._ping: asyncio.Task[None] | None = None
        self._trouble: ServiceError | None = None

    async def check(self) -> None:
        """Raises what the ping raises, or that it takes too long."""
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._beat(), name=f"ping {self._name}")
        done, _ = await asyncio.wait((self._ping,), timeout=self._within_s)
        if self._trouble is not None:
            raise self._trouble.with_traceback(None)
        if not done:
            raise self._slow(self._within_s)
        self._ping.result()

    async def _beat(self) -> None:
        try:
            async with asyncio.timeout(_PING_ENDS_WITHIN_S):
                await self._engine.ping()
            self._trouble = None
        except ServiceError as error:
            self._trouble = error
        except TimeoutError:
            self._trouble = self._slow(_PING_ENDS_WITHIN_S)

    def _slow(self, within_s: float) -> Unavailable:
        message = f"The {self._name} does not answer within {within_s:g} seconds."
        return Unavailable(f"{self._name}_slow", message, retry_after_s=1)


def starting() -> Unavailable:
    """What everything but health answers until everything was started: why it waits is the operator's alone."""
    return Unavailable("starting", "The engine is starting; try again shortly.", retry_after_s=1)
