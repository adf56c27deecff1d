"""A provider on loopback that remembers what it was asked and answers what it is told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Provider:
    """Echoes the request as JSON unless it is told otherwise; when `silent` it never answers."""

    seen: list[Seen] = field(default_factory=list)
    status: int = 200
    answer: Any = None
    location: str | None = None
    redirect_status: int = 302
    silent: bool = False
    port: int = 0
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.path, dict(request.query), headers, await request.read())
        self.seen.append(seen)
        if self.silent:
            await self._closing.wait()
        if self.location is not None and request.path == "/redirect":
            return web.Response(status=self.redirect_status, headers={"Location": self.location})
        answer = self.answer
        if answer is None:
            answer = {"path": seen.path, "query": seen.query, "authorization": headers.get("authorization")}
        return web.Response(status=self.status, body=orjson.dumps(answer), content_type="application/json")
