"""Timers of scripts: the host waits for them, within the budgets, and never more often than it can stand."""

import asyncio
import time

import pytest

from libs.logic.budget import Budget
from tests.logic.fake_host import FakeHost
from tests.logic.scripts import Scripts

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLEEP = "const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));"


async def test_waiting_costs_wall_time_and_no_cpu(libraries: Scripts) -> None:
    began_s = time.monotonic()
    assert await libraries.run(f"{SLEEP} await sleep(60); return 'awake'", budget=Budget(cpu_s=0.05)) == "awake"
    assert time.monotonic() - began_s >= 0.06


async def test_a_timer_beyond_the_wall_time_ends_with_it(libraries: Scripts) -> None:
    error = await libraries.failure(f"{SLEEP} await sleep(60000)", budget=Budget(wall_s=0.05))
    assert (error.code, error.details["budget"]) == ("timeout", "wall")


async def test_an_interval_without_end_runs_out_of_wall_time(libraries: Scripts) -> None:
    error = await libraries.failure("setInterval(() => {}, 0); await new Promise(() => {})", budget=Budget(wall_s=0.1))
    assert (error.code, error.details["budget"]) == ("timeout", "wall")


async def test_a_callback_without_end_runs_out_of_cpu(libraries: Scripts) -> None:
    script = "setTimeout(() => { for (;;); }, 1); await new Promise(() => {})"
    error = await libraries.failure(script, budget=Budget(cpu_s=0.05))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "cpu")


async def test_timers_are_no_http_calls(libraries: Scripts) -> None:
    script = f"{SLEEP} for (let n = 0; n < 9; n += 1) await sleep(1); return 'done'"
    assert await libraries.run(script, budget=Budget(http_calls=1)) == "done"


async def test_a_timer_rings_while_a_request_is_under_way(libraries: Scripts) -> None:
    host = FakeHost(libraries.pool)
    host.gate = asyncio.Event()
    script = f"{SLEEP} return await Promise.race([fetch('https://a.io/'), sleep(5).then(() => 'late')])"
    assert await libraries.run(script, host=host) == "late"
    assert len(host.requests) == 1


async def test_a_returned_script_waits_for_its_requests_and_not_for_its_timers(libraries: Scripts) -> None:
    host = FakeHost(libraries.pool)
    assert await libraries.run("fetch('https://a.io/'); setInterval(() => {}, 1); return 1", host=host) == 1
    assert len(host.requests) == 1


async def test_wakes_that_a_script_makes_up_do_no_harm(libraries: Scripts) -> None:
    script = """
        const made = Array(5000).fill('{"wake":-1}').concat('{"wake":"x"}', '{"wake":1e300}', '7');
        Array.prototype.splice = () => made;
        setTimeout(() => {}, 1); await new Promise(() => {})
    """
    error = await libraries.failure(script, budget=Budget(wall_s=0.1))
    assert error.code in ("timeout", "script_error")
    assert await libraries.run("return 1") == 1


async def test_an_abort_lets_go_of_a_request_at_once(libraries: Scripts) -> None:
    host = FakeHost(libraries.pool)
    host.gate = asyncio.Event()
    script = """
        try { await $.axios.get('https://a.io/', {signal: AbortSignal.timeout(5)}) } catch (error) { return error.code }
    """
    assert await libraries.run(script, host=host) == "ERR_CANCELED"


@pytest.mark.parametrize(
    "asking",
    [
        "setTimeout(() => {}, 5000); return (await $.axios.post('https://a.io/', {a: long})).status",
        "return (await $.axios.post('https://a.io/', {a: long}, {timeout: 5000})).status",
        "return (await fetch('https://a.io/', {method: 'POST', body: long, signal: AbortSignal.timeout(5000)})).status",
        "setInterval(() => {}, 1000); fetch('https://a.io/?' + encodeURI(long)); return (await fetch('https://a.io/')).status",
    ],
)
@pytest.mark.parametrize("text", ["y", "é", "\u4e2d"])
async def test_long_requests_go_out_while_timers_run(libraries: Scripts, asking: str, text: str) -> None:
    host = FakeHost(libraries.pool)
    script = f"const long = Array.from({{length: 3000}}, (_, n) => '{text}' + n).join('-') + '{text}'; {asking}"
    assert await libraries.run(script, host=host) == 200
    assert all(len(request.body or request.url) > 10_000 for request in host.requests[:1])
