"""Five small servers in the places of the services: each says who it is, and tells what it was sent."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from services.roles import SERVICES

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_LARGEST_BODY_BYTES = 16 << 20


class StandIn:
    """One service. `answering` decides what it does with a request; it can go away, and come back to its port."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.received: list[dict[str, Any]] = []
        self.answering: Answering = self.tell
        self.port = 0
        self._runner: web.ServerRunner | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def request_of(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
            return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_BODY_BYTES)

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return await self.answering(request)

        server = web.Server(answer, request_factory=request_of, access_log=None, auto_decompress=False)
        self._runner = web.ServerRunner(server)
        await self._runner.setup()
        listening = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = listening.getsockname()[1]
        await web.SockSite(self._runner, listening, backlog=1024).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def tell(self, request: web.BaseRequest) -> web.StreamResponse:
        """All of the request, byte for byte where it could have been changed."""
        body = await request.read()
        told = {
            "service": self.name,
            "method": request.method,
            "target": request.raw_path,
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.raw_headers],
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "connection": request.transport.get_extra_info("peername")[1] if request.transport else 0,
        }
        self.received.append(told)
        given = request.headers.get("x-request-id", "")
        headers = {"x-request-id": given or f"made-by-{self.name}"}
        return web.Response(body=orjson.dumps(told), content_type="application/json", headers=headers)


@asynccontextmanager
async def standing_in() -> AsyncIterator[dict[str, StandIn]]:
    """All five, started."""
    async with AsyncExitStack() as stack:
        services = {name: StandIn(name) for name in SERVICES}
        for service in services.values():
            await service.start()
            stack.push_async_callback(service.stop)
        yield services
