"""Sandbox processes that were taken over, or broke: the service believes nothing and goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from libs.logic.budget import Budget, Meter
from libs.logic.console import Console
from libs.logic.errors import LogicError
from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call
from libs.logic.sandbox.inside.lockdown import LockdownRefused
from libs.logic.sandbox.job import Job
from libs.logic.sandbox.process import Program, Seccomp
from libs.logic.sandbox.processes import ProcessPool

_ROGUE = Program("tests.logic.rogue", "script", (), kept=True, spares=0)

MakePool = Callable[[str], ProcessPool]


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    """A pool of one process that behaves as told."""
    pools = []

    def make(behaviour: str) -> ProcessPool:
        pool = ProcessPool(
            _ROGUE, size=1, calls_per_process=9, grace_s=0.1, seccomp=cast(Seccomp, behaviour), on_replaced=None
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.close()


async def never(_: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("nothing is asked")


async def outcome(pool: ProcessPool, meter: Meter) -> Any:
    job = Job(script=b"", arguments=b"{}", meter=meter, console=Console(), answer=never)
    return await pool.outcome(lambda call_id, shares: Call(call_id, frames.RUN, b"", job, shares, ""))


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("ends when asked", "sandbox_lost"),
        ("greets twice", "sandbox_lost"),
        ("replies for another", "sandbox_lost"),
        ("announces a gigabyte", "sandbox_lost"),
        ("never stops talking", "sandbox_lost"),
        ("replies without a body", "script_error"),
        ("replies what is no JSON", "script_error"),
        ("replies an unknown kind", "script_error"),
        ("fails for an unknown reason", "script_error"),
        ("waits without a size", "script_error"),
        ("gives CPU time back", "script_error"),
    ],
)
async def test_a_process_that_was_taken_over_ends_its_own_calls_only(
    make_pool: MakePool, behaviour: str, code: str
) -> None:
    pool = make_pool(behaviour)
    await pool.start()
    async with asyncio.timeout(10):
        with pytest.raises(LogicError) as caught:
            await outcome(pool, Meter(Budget(), 0.0))
    assert caught.value.code == code


@pytest.mark.parametrize("behaviour", ["ends", "begins with noise", "begins with a reply"])
async def test_a_process_that_does_not_come_up_is_told(make_pool: MakePool, behaviour: str) -> None:
    with pytest.raises(ConnectionError, match="did not come up"):
        await make_pool(behaviour).start()


async def test_a_process_that_cannot_be_locked_down_says_why(make_pool: MakePool) -> None:
    with pytest.raises(LockdownRefused, match="because of this test"):
        await make_pool("refuses").start()


async def test_a_process_that_ends_unused_is_not_started_again_and_again(make_pool: MakePool) -> None:
    pool = make_pool("replies unasked")
    await pool.start()
    while pool.pids:  # noqa: ASYNC110 - nothing tells of a process that is gone
        await asyncio.sleep(0.001)
    for _ in range(100):
        await asyncio.sleep(0.001)
        assert pool.pids == []
