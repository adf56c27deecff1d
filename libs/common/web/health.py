"""Alive and ready: `/healthz` answers while the process runs, `/readyz` while it can do its work."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from libs.common.errors import ServiceError, Unavailable
from libs.common.ids import new_id
from libs.common.web.problems import problem


class Pinged(Protocol):
    """An engine that can say whether it works."""

    async def ping(self) -> None: ...


class Health:
    """`ready` is set once everything was started, and taken back before anything is stopped."""

    def __init__(self, *engines: Pinged) -> None:
        self.ready = False
        self._engines = engines

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _ready(self, _request: web.Request) -> web.Response:
        try:
            if not self.ready:
                raise Unavailable("not_ready", "The process is starting or stopping.", retry_after_s=1)
            for engine in self._engines:
                await engine.ping()
        except ServiceError as error:
            return problem(error, new_id())
        return web.json_response({"status": "ready"})
