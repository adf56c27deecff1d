"""The route tables; and a real nginx in front of five small servers, with a client for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest
from yarl import URL

from libs.common.web.routes import Route
from services.api import route_tables
from services.gateway.nginx import Site, nginx_conf
from tests.gateway.nginx import Nginx, running
from tests.gateway.stand_ins import StandIn, standing_in

LIMIT_BYTES = 1 << 20
INBOUND_LIMIT_BYTES = 5 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: Any
    """Parsed where it is JSON."""


@dataclass(frozen=True)
class Gateway:
    """nginx, the servers behind it, and a client whose paths are sent as they are given."""

    nginx: Nginx
    services: Mapping[str, StandIn]
    session: aiohttp.ClientSession

    async def ask(self, method: str, target: str, **options: Any) -> Answer:
        url = URL(f"{self.nginx.url}{target}", encoded=True)
        async with self.session.request(method, url, allow_redirects=False, **options) as response:
            raw = await response.read()
            as_json = raw and "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, response.headers, orjson.loads(raw) if as_json else raw)

    async def send(self, raw: bytes) -> bytes:
        """What comes back for bytes that no client would send."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.nginx.port)
        writer.write(raw)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            return head + (await reader.readexactly(int(length[1])) if length else b"")
        finally:
            writer.close()


Starting = Callable[..., AbstractAsyncContextManager[Gateway]]


@pytest.fixture(scope="session")
def tables() -> Mapping[str, tuple[Route, ...]]:
    return route_tables()


@pytest.fixture
def starting(tables: Mapping[str, tuple[Route, ...]]) -> Starting:
    """Starts nginx; `changes` are texts of its configuration and what replaces them."""

    @asynccontextmanager
    async def start(
        *changes: tuple[str, str], replicas: Mapping[str, tuple[str, ...]] | None = None, access_log: bool = False
    ) -> AsyncIterator[Gateway]:
        async with standing_in() as services, aiohttp.ClientSession(auto_decompress=False) as session:
            upstreams = {name: (service.address,) for name, service in services.items()} | dict(replicas or {})

            def configuration(listen: str, folder: str) -> str:
                text = nginx_conf(
                    tables,
                    Site(
                        upstreams,
                        LIMIT_BYTES,
                        INBOUND_LIMIT_BYTES,
                        listen=[listen],
                        folder=folder,
                        access_log=access_log,
                    ),
                )
                for old, new in changes:
                    assert old in text
                    text = text.replace(old, new)
                return text

            async with running(configuration) as nginx:
                yield Gateway(nginx, services, session)
                assert nginx.log.replace("[notice]", "").count("[") == 0, nginx.log

    return start


@pytest.fixture
async def gateway(starting: Starting) -> AsyncIterator[Gateway]:
    async with starting() as started:
        yield started
