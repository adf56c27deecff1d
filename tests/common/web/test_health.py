"""What a process answers before, while and after it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from libs.common.errors import Unavailable
from libs.common.web.app import Entrance
from libs.common.web.health import Health


class Engine:
    """An engine whose ping raises `error`, and waits while `gate` is shut."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.pings = 0
        self.pinged = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def ping(self) -> None:
        self.pings += 1
        self.pinged.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error


class Door:
    """A listening server and a client; `answer` keeps its connections where the server does."""

    def __init__(self, port: int, session: aiohttp.ClientSession, entrance: Entrance, health: Health) -> None:
        self.port = port
        self.entrance = entrance
        self.health = health
        self._session = session

    async def answer(self, path: str) -> tuple[int, Any, Any]:
        async with self._session.get(f"http://127.0.0.1:{self.port}{path}") as response:
            return response.status, await response.json(content_type=None), response.headers

    def open(self) -> None:
        self.health.started = True
        self.entrance.open(_application)


async def _application(request: web.BaseRequest) -> web.StreamResponse:
    return web.json_response({"served": request.path})


@asynccontextmanager
async def listening(health: Health) -> AsyncIterator[Door]:
    entrance = Entrance(health.routes(), largest_body_bytes=1000)
    runner = web.ServerRunner(entrance.server, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Door(runner.addresses[0][1], session, entrance, health)
    finally:
        await runner.cleanup()


async def test_before_the_start_is_done_it_is_alive_and_nothing_else() -> None:
    async with listening(Health(store=Engine())) as door:
        assert (await door.answer("/healthz"))[:2] == (200, {"status": "alive"})
        for path in ("/readyz", "/v1/service", "/"):
            status, body, headers = await door.answer(path)
            assert (status, body["code"], headers["Retry-After"]) == (503, "starting", "1")


async def test_what_the_start_waits_for_is_told_to_those_who_watch_and_to_nobody_else() -> None:
    health = Health(store=Engine())
    health.missing = Unavailable("store_down", "db.internal:27017 refuses connections.", retry_after_s=1)
    async with listening(health) as door:
        assert (await door.answer("/readyz"))[1]["detail"] == "db.internal:27017 refuses connections."
        assert "db.internal" not in (await door.answer("/v1/service"))[1]["detail"]


async def test_once_it_is_open_connections_are_made_with_the_application_itself() -> None:
    async with listening(Health()) as door:
        assert (await door.answer("/v1/service"))[2]["Connection"] == "close"
        door.open()
        status, body, headers = await door.answer("/v1/service")
        assert (status, body) == (200, {"served": "/v1/service"})
        assert "Connection" not in headers
        assert door.entrance.server.request_handler is _application


async def test_a_connection_from_before_is_served_and_ends() -> None:
    async with listening(Health()) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        await door.answer("/healthz")  # connections are taken in their order
        door.open()
        writer.write(b"GET /v1/late HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer
    assert answer.endswith(b'{"served": "/v1/late"}')


async def test_an_engine_that_is_down_is_named() -> None:
    health = Health(store=Engine(), bus=Engine(Unavailable("bus_down", "No broker answers.", retry_after_s=1)))
    health.started = True
    async with listening(health) as door:
        status, body, _ = await door.answer("/readyz")
    assert (status, body["detail"]) == (503, "No broker answers.")


async def test_an_engine_that_does_not_answer_is_named_and_what_it_says_in_the_end_is_told_next() -> None:
    bus = Engine(Unavailable("bus_down", "No broker answers.", retry_after_s=1))
    bus.gate.clear()
    health = Health(ping_within_s=0.01, store=Engine(), bus=bus)
    health.started = True
    async with listening(health) as door:
        status, body, _ = await door.answer("/readyz")
        assert (status, body["detail"]) == (503, "The bus does not answer within 0.01 seconds.")
        bus.gate.set()
        assert (await door.answer("/readyz"))[1]["code"] == "bus_down"
        bus.gate.clear()
        assert (await door.answer("/readyz"))[1]["code"] == "bus_down", "the last that was heard of it"
        bus.error = None
        bus.gate.set()
        assert (await door.answer("/readyz"))[0] == 200


async def test_probes_at_the_same_time_share_one_ping() -> None:
    store = Engine()
    store.gate.clear()
    health = Health(store=store)
    health.started = True
    [ready] = [route.handler for route in health.routes() if route.path == "/readyz"]
    probes = [asyncio.create_task(ready(None)) for _ in range(5)]
    await store.pinged.wait()
    await asyncio.sleep(0)
    store.gate.set()
    assert [(await probe).status for probe in probes] == [200] * 5
    assert store.pings == 1
    await ready(None)
    assert store.pings == 2


async def test_it_says_that_it_stops_before_anything_is_stopped() -> None:
    store = Engine()
    health = Health(store=store)
    health.started = health.stopping = True
    async with listening(health) as door:
        status, body, _ = await door.answer("/readyz")
    assert (status, body["code"], store.pings) == (503, "stopping", 0)
