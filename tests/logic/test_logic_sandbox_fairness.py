"""The sandbox shared by many: whose turn it is, how much one may take, and a neighbour of endless scripts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from libs.logic.budget import Budget, Meter
from libs.logic.compiler import ScriptSource
from libs.logic.console import Console
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call
from libs.logic.sandbox.job import Job
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.sandbox.queue import FairQueue
from libs.logic.sandbox.shares import Share, Shares
from libs.logic.scope import Scope
from tests.logic.fake_host import FakeHost

WAIT = compile_node({"@type": "script", "script": "await fetch('https://example.com/'); return input.data"})
ENDLESS = compile_node({"@type": "script", "script": "for (;;);"})
SHORT = compile_node({"@type": "script", "script": "return input.data"})
HOARD = compile_node(
    {
        "@type": "script",
        "script": "const kept = new Uint8Array(25 << 20); await fetch('https://example.com/'); return kept.length",
    }
)


async def never(_: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("nothing is asked")


def make_call(tenant: str, number: int = 0, *, queued_s: float = 0.0) -> Call:
    meter = Meter(Budget(), 0.0)
    job = Job(script=b"", arguments=b"", meter=meter, console=Console(), answer=never, tenant=tenant)
    call = Call(number, frames.RUN, b"", job, Shares(most_calls=1, waiting_bytes=1), tenant)
    call.queued_s = queued_s
    return call


def order(queue: FairQueue) -> list[tuple[str, int]]:
    taken = []
    while (call := queue.take()) is not None:
        taken.append((call.tenant, call.id))
    return taken


async def test_tenants_take_turns_each_in_its_own_order() -> None:
    queue = FairQueue()
    for call in (make_call("a", 1), make_call("a", 2), make_call("a", 3), make_call("b", 4), make_call("c", 5)):
        queue.put(call)
    assert order(queue) == [("a", 1), ("b", 4), ("c", 5), ("a", 2), ("a", 3)]
    assert not queue


async def test_what_is_put_back_is_next() -> None:
    queue = FairQueue()
    queue.put(make_call("a", 1))
    queue.put(make_call("b", 2))
    queue.put_back(make_call("b", 3))
    assert order(queue) == [("b", 3), ("a", 1), ("b", 2)]


async def test_who_is_passed_over_keeps_its_turn() -> None:
    queue = FairQueue()
    queue.put(make_call("a", 1))
    assert queue.take(["a"]) is None
    queue.put(make_call("b", 2))
    taken = queue.take(["a"])
    assert taken is not None
    assert taken.id == 2
    assert order(queue) == [("a", 1)]


async def test_a_call_that_nobody_waits_for_is_skipped() -> None:
    queue = FairQueue()
    gone = make_call("a", 1)
    queue.put(gone)
    queue.put(make_call("b", 2))
    gone.release()
    assert order(queue) == [("b", 2)]


async def test_what_waited_too_long_is_taken_out() -> None:
    queue = FairQueue()
    for call in (make_call("a", 1, queued_s=1), make_call("a", 2, queued_s=9), make_call("b", 3, queued_s=2)):
        queue.put(call)
    assert {call.id for call in queue.take_older(5)} == {1, 3}
    assert order(queue) == [("a", 2)]


def test_a_share_is_half_for_one_and_all_for_everybody() -> None:
    share = Share(4)
    for tenant in ("a", "a", "b", ""):
        share.take(tenant, 1, "too many")
    with pytest.raises(LogicError, match="The sandbox is full: too many; try again"):
        share.take("c", 1, "too many")
    share.give_back("b", 1)
    with pytest.raises(LogicError, match="Your share of the sandbox is full") as refused:
        share.take("a", 1, "too many")
    assert refused.value.code == "sandbox_full"
    share.take("c", 1, "too many")


@pytest.fixture
async def host() -> AsyncIterator[FakeHost]:
    pool = SandboxPool(size=1, calls_per_process=8)
    await pool.start()
    yield FakeHost(pool)
    await pool.close()


MakeScope = Callable[..., Scope]


async def code_of(evaluation: Any) -> str:
    with pytest.raises(LogicError) as caught:
        await evaluation
    return caught.value.code


async def test_one_tenant_may_have_half_of_the_calls(make_scope: MakeScope, host: FakeHost) -> None:
    host.gate = asyncio.Event()
    running = [asyncio.create_task(WAIT.evaluate(make_scope(number, tenant="a"))) for number in range(4)]
    await asyncio.sleep(0)
    assert await code_of(WAIT.evaluate(make_scope(tenant="a"))) == "sandbox_full"
    assert await SHORT.evaluate(make_scope(5, tenant="b")) == 5
    host.gate.set()
    assert await asyncio.gather(*running) == [0, 1, 2, 3]
    assert await WAIT.evaluate(make_scope(6, tenant="a")) == 6


async def test_one_tenant_may_hold_half_of_the_memory_of_those_that_wait(make_scope: MakeScope, host: FakeHost) -> None:
    host.gate = asyncio.Event()
    running = [asyncio.create_task(HOARD.evaluate(make_scope(tenant="a"))) for _ in range(2)]
    while len(host.requests) < 2:
        host.asked.clear()
        await host.asked.wait()
    assert await code_of(HOARD.evaluate(make_scope(tenant="a"))) == "sandbox_full"
    other = asyncio.create_task(HOARD.evaluate(make_scope(tenant="b")))
    host.asked.clear()
    await host.asked.wait()
    host.gate.set()
    assert await asyncio.gather(other, *running) == [25 << 20] * 3
    assert await HOARD.evaluate(make_scope(tenant="a")) == 25 << 20


async def test_endless_scripts_of_one_tenant_are_no_wait_for_anothers(make_scope: MakeScope, host: FakeHost) -> None:
    budget = Budget(cpu_s=0.2)
    hostile = [asyncio.create_task(ENDLESS.evaluate(make_scope(tenant="a", budget=budget))) for _ in range(4)]
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    for number in range(20):
        began_s = loop.time()
        assert await SHORT.evaluate(make_scope(number, tenant="b")) == number
        assert loop.time() - began_s < 1.0
    assert [await code_of(task) for task in hostile] == ["budget_exceeded"] * 4


async def test_a_call_behind_anothers_long_one_goes_elsewhere(make_scope: MakeScope, host: FakeHost) -> None:
    [pid] = host.sandbox.pids
    long = asyncio.create_task(ENDLESS.evaluate(make_scope(tenant="a", budget=Budget(cpu_s=2))))
    await asyncio.sleep(0)
    assert await SHORT.evaluate(make_scope(1, tenant="b")) == 1
    assert not long.done()
    assert len(host.sandbox.pids) == 2
    assert host.sandbox.pids[0] == pid
    long.cancel()


async def test_scripts_that_take_long_to_parse_are_no_wait_for_anothers(host: FakeHost) -> None:
    slow = ScriptSource((), "return " + "1+" * 300_000 + "1")
    hostile = [asyncio.create_task(host.sandbox.check_syntax([slow], "a")) for _ in range(4)]
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    assert await host.sandbox.check_syntax([ScriptSource((), "return 1")], "b") == []
    assert loop.time() - began_s < 1.0
    for task in hostile:
        task.cancel()


async def test_timers_of_one_tenant_are_no_wait_for_anothers(make_scope: MakeScope, host: FakeHost) -> None:
    ringing = compile_node({"@type": "script", "script": "setInterval(() => {}, 1); await new Promise(() => {})"})
    hostile = [asyncio.create_task(ringing.evaluate(make_scope(host=host, tenant="a"))) for _ in range(4)]
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for number in range(50):
        assert await SHORT.evaluate(make_scope(number, host=host, tenant="b")) == number
    assert loop.time() - began_s < 5
    assert not any(task.done() for task in hostile)
    for task in hostile:
        task.cancel()
