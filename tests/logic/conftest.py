"""A real sandbox, a host around it, and scopes to evaluate nodes in."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from libs.logic.budget import Budget, Meter
from libs.logic.program import compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Scope
from tests.logic.escapes import Arena
from tests.logic.fake_host import FakeHost
from tests.logic.scripts import Scripts


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    pool = SandboxPool(size=1)
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(None)


@pytest.fixture
def script_host(pool: SandboxPool) -> FakeHost:
    return FakeHost(pool)


@pytest.fixture
def make_scope(host: FakeHost) -> Callable[..., Scope]:
    def make(source: Any = None, *, budget: Budget | None = None, **members: Any) -> Scope:
        meter = Meter(budget or Budget(), time.monotonic())
        return Scope(source=source, meter=meter, **{"host": host, **members})

    return make


@pytest.fixture
def run_script(script_host: FakeHost, make_scope: Callable[..., Scope]) -> Callable[..., Any]:
    async def run(script: str, source: Any = None, **members: Any) -> Any:
        program = compile_node({"@type": "script", "script": script})
        return await program.evaluate(make_scope(source, **{"host": script_host, **members}))

    return run


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena() -> AsyncIterator[Arena]:
    """One sandbox for all hostile scripts of a module, and the world of their neighbour."""
    pool = SandboxPool(size=1, grace_s=0.05)
    await pool.start()
    arena = Arena(pool)
    await arena.settle()
    yield arena
    await pool.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def libraries() -> AsyncIterator[Scripts]:
    """One sandbox for all scripts of a module that need no process of their own."""
    pool = SandboxPool(size=1)
    await pool.start()
    yield Scripts(pool)
    await pool.close()
