"""Executor behind its HTTP application, over fake owners, a store in memory, real egress and a real sandbox."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from libs.common.clock import SystemClock
from libs.common.egress.allow import Allow
from libs.common.egress.client import EgressClient
from libs.common.engines import Engines, open_engines
from libs.common.keyring import KeyRing
from libs.common.peers import DirectPeers
from libs.common.service import Infra, Service
from libs.common.settings import Settings
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.access import Access
from libs.common.web.app import Dispatcher, Mount, server_of
from libs.common.web.endpoint import Endpoints
from libs.common.web.idempotency import IdempotentAnswers, collection_spec
from libs.common.workers import Supervisor
from libs.logic.sandbox.pool import SandboxPool
from libs.runtime.app import build_runtime
from services.executor.app import build
from tests.runtime.provider import Provider
from tests.runtime.world import World

_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.body["code"]


class Api:
    """Asks executor as acme's ann unless told otherwise."""

    def __init__(self, url: str, session: aiohttp.ClientSession, engines: Engines, sandbox: SandboxPool) -> None:
        self.engines = engines
        self.sandbox = sandbox
        self._url = url
        self._session = session

    async def ask(self, method: str, path: str, *, key: str = "acme-key", **options: Any) -> Answer:
        options["headers"] = {"api_key": key, **options.get("headers", {})}
        async with self._session.request(method, self._url + path, **options) as response:
            raw = await response.read()
            return Answer(response.status, orjson.loads(raw), response.headers)

    async def execute(
        self, service: str, action: str, given: Any = None, *, user: str = "ann", **members: Any
    ) -> Answer:
        """`POST /v1/execute`."""
        node = {"@type": "action", "service": service, "action": action, **members}
        if given is not None:
            node["input"] = given
        return await self.ask("POST", f"/v1/execute?userId={user}", json=node)

    async def run(self, service: str, action: str, given: Any = None, *, query: str = "") -> Answer:
        """`POST …/action/{id}/execute`."""
        path = f"/v1/service/{service}/action/{action}/execute?userId=ann{query}"
        return await self.ask("POST", path, json=given or {})

    async def history(self, answer: Answer) -> Any:
        """The row of the execution that this answer came of."""
        found = await self.ask("GET", f"/v1/execution/{answer.headers['x-execution-id']}")
        assert found.status == 200
        return found.body


Running = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.start()
    yield provider
    await provider.close()


@pytest.fixture
def running(world: World) -> Running:
    """Starts executor; the options are fields of Settings."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Api]:
        engines = open_engines("sqlite::memory:", "local:", SystemClock())
        egress = EgressClient(Allow.parse("127.0.0.1"), user_agent="tests")
        sandbox = SandboxPool(size=2)
        infra = _infra(Settings(**settings), world, engines, egress)
        service = build(infra, build_runtime(infra, sandbox))
        app = _application(infra, service)
        await asyncio.gather(egress.start(), engines.start())
        supervisor = Supervisor()
        supervisor.start(service.companions)
        runner = web.ServerRunner(server_of(app, largest_body_bytes=_LIMIT_BYTES))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as session:
            yield Api(f"http://127.0.0.1:{runner.addresses[0][1]}", session, engines, sandbox)
        await runner.cleanup()
        await supervisor.stop()
        await engines.close()
        await sandbox.close()
        await egress.close()

    return run


@pytest.fixture
async def api(running: Running) -> AsyncIterator[Api]:
    async with running() as started:
        yield started


def _infra(settings: Settings, world: World, engines: Engines, egress: EgressClient) -> Infra:
    return Infra(
        settings=settings,
        clock=SystemClock(),
        store=engines.store,
        bus=engines.bus,
        peers=DirectPeers(world.answers()),
        egress=egress,
        metrics=Metrics(),
        tracing=Tracing(),
        keys=KeyRing.parse("k1:" + base64.b64encode(bytes(32)).decode()),
    )


def _application(infra: Infra, service: Service) -> Dispatcher:
    answers = IdempotentAnswers(infra.store.collection(collection_spec("executor")), service.sealer, infra.clock)
    access = Access(infra.peers, infra.bus)
    endpoints = Endpoints("executor", access, answers, infra.telemetry, body_limit_bytes=_LIMIT_BYTES)
    return Dispatcher([Mount(service.routes, endpoints)])
