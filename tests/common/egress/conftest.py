"""Loopback servers on free ports, and clients that are closed afterwards."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from libs.common.egress import Allow, EgressClient

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[..., Awaitable[int]]
MakeClient = Callable[..., Awaitable[EgressClient]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts `handler` on an address of loopback and gives its port."""
    runners: list[web.ServerRunner] = []

    async def start(handler: Handler, *, tls: ssl.SSLContext | None = None) -> int:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        return int(runner.addresses[0][1])

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    clients: list[EgressClient] = []

    async def make(allow: str = "127.0.0.0/8", **options: Any) -> EgressClient:
        client = EgressClient(Allow.parse(allow), user_agent="interactor-test", **options)
        await client.start()
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def client(make_client: MakeClient) -> EgressClient:
    return await make_client()


class Trap:
    """A listener that nobody must reach."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    def seen(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    trap = Trap()
    server = await asyncio.start_server(trap.seen, "127.0.0.1", 0)
    trap.port = server.sockets[0].getsockname()[1]
    yield trap
    server.close()
    await server.wait_closed()
