"""The runtime over fake owners, a real bus, real egress to loopback and a real sandbox."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from libs.common.clock import SystemClock
from libs.common.contracts.catalog import Kind
from libs.common.egress.allow import Allow
from libs.common.egress.client import EgressClient
from libs.common.egress.errors import Rule
from libs.common.engines import Engines, open_engines
from libs.common.peers import DirectPeers
from libs.logic.budget import Budget
from libs.logic.sandbox.pool import SandboxPool
from libs.runtime.bindings import Actor
from libs.runtime.components import Components
from libs.runtime.holdings import Holdings
from libs.runtime.host import Runtime
from tests.runtime.deputy import Case
from tests.runtime.provider import Provider
from tests.runtime.world import World

Execute = Callable[..., Awaitable[Any]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


@pytest.fixture
def engines() -> Engines:
    return open_engines("sqlite::memory:", "local:", SystemClock())


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.start()
    yield provider
    await provider.close()


@pytest.fixture
def denied() -> list[Rule]:
    """What the metric would count."""
    return []


@pytest.fixture
async def egress(denied: list[Rule]) -> AsyncIterator[EgressClient]:
    egress = EgressClient(Allow.parse("127.0.0.1"), user_agent="tests", on_denied=denied.append)
    await egress.start()
    yield egress
    await egress.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxPool]:
    pool = SandboxPool(size=1)  # starts its process with the first script
    yield pool
    await pool.close()


@pytest.fixture
async def runtime(world: World, engines: Engines, egress: EgressClient, sandbox: SandboxPool) -> AsyncIterator[Runtime]:
    peers = DirectPeers(world.answers())
    started = Runtime(Components(peers, engines.bus), Holdings(peers, engines.bus), egress, sandbox)
    await engines.start()
    yield started
    await engines.close()


@pytest.fixture
def execute(runtime: Runtime, world: World) -> Execute:
    """Runs `execute` of an action as ann of acme does; answers its value or raises its LogicError."""

    async def run(
        service_id: str,
        action: str,
        source: Any = None,
        *,
        user: str | None = "ann",
        platform: str = "acme",
        credential_id: str | None = None,
        credentials: dict[str, str] | None = None,
        service_version: str | None = None,
        **budget: Any,
    ) -> Any:
        acting = world.users[platform, user] if user is not None else None
        service = await runtime.components.usable_service(platform, service_id, acting)
        component = await runtime.components.component(service.id, Kind.ACTION, action, service_version=service_version)
        assert component is not None
        actor = Actor(platform, acting, credential_id, credentials or {})
        host = runtime.host(actor, service, service_version=service_version, budget=Budget(**budget))
        program = component.hook("execute")
        assert program is not None
        return await program.evaluate(await host.scope(program, source or {}))

    return run
