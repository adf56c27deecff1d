"""The other parties of the story, real HTTP servers on free ports: the provider's API and the subscriber."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in."""

    headers: dict[str, str]
    body: bytes


class Provider:
    """Answers whoever shows the right token as GitHub does: their repositories, and webhooks made and removed.

    `hooks` are the configurations of the webhooks that there are, by their ids.
    """

    def __init__(self, token: str) -> None:
        self._authorization = f"Bearer {token}"
        self.refused = 0
        self.hooks: dict[int, dict[str, Any]] = {}

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authorized])
        app.router.add_get("/user/repos", self._repositories)
        app.router.add_post("/repos/{owner}/{name}/hooks", self._make_hook)
        app.router.add_delete("/repos/{owner}/{name}/hooks/{id}", self._remove_hook)
        return app

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != self._authorization:
            self.refused += 1
            return web.json_response({"message": "Bad credentials"}, status=401)
        return await handler(request)

    async def _repositories(self, _: web.Request) -> web.Response:
        return web.json_response([{"full_name": "harbour-lab/tide-tables", "private": False}])

    async def _make_hook(self, request: web.Request) -> web.Response:
        id, wanted = len(self.hooks) + 1, await request.json()
        self.hooks[id] = {**wanted["config"], "events": wanted["events"], "repository": request.path.split("/")[2:4]}
        return web.json_response({"id": id, "active": True, "events": wanted["events"]}, status=201)

    async def _remove_hook(self, request: web.Request) -> web.Response:
        del self.hooks[int(request.match_info["id"])]
        return web.Response(status=204)


class Subscriber:
    """Takes deliveries and keeps them, in the order in which they arrived."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[Received] = asyncio.Queue()
        self.count = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/deliveries", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        self.count += 1
        self.arrived.put_nowait(Received(dict(request.headers), await request.read()))
        return web.Response(status=204)


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """Serves the application on a free port; gives its URL."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
