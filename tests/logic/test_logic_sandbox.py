"""The sandbox processes: limits, replacement of lost processes, and neighbours that go on unharmed."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _quickjs
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from libs.logic import sandbox
from libs.logic.budget import Budget
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.sandbox import frames
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Scope
from tests.logic.fake_host import FakeHost

Run = Callable[..., Any]

# A native loop that the engine's own time limit doesn't interrupt.
HANG = "return Array(3e8).join('x').length"
WAIT = "await fetch('https://example.com/'); return input.data"


async def failure(call: Any) -> LogicError:
    with pytest.raises(LogicError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize(
    "script",
    [
        "for (;;);",
        "await 1; for (;;);",
        "for (;;) await 1",
        "const again = () => Promise.resolve().then(again); again(); await new Promise(() => {})",
        "(function again() { queueMicrotask(again) })()",
        "return {toJSON() { for (;;); }}",
        "return /(a+)+$/.test('a'.repeat(50) + 'b')",
        "(async () => { for (;;); })().catch(() => {}); return 1",
        "try { for (;;); } catch { return 1 } finally { return 2 }",
    ],
)
async def test_a_script_that_never_ends_runs_out_of_cpu(run_script: Run, pool: SandboxPool, script: str) -> None:
    pids = pool.pids
    error = await failure(run_script(script, budget=Budget(cpu_s=0.1)))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "cpu")
    assert pool.pids == pids


@pytest.mark.parametrize(
    "script",
    [
        "const kept = []; for (;;) kept.push(new Array(10000).fill(1))",
        "let text = 'x'; for (;;) text += text + Math.random()",
        "return 'x'.repeat(40 << 20)",
        "new ArrayBuffer(1 << 30)",
    ],
)
async def test_a_script_that_allocates_without_end_runs_out_of_memory(
    run_script: Run, pool: SandboxPool, script: str
) -> None:
    pids = pool.pids
    error = await failure(run_script(script, budget=Budget(cpu_s=10, memory_bytes=16 << 20)))
    assert error.code in ("budget_exceeded", "script_error")
    assert error.details.get("budget", "memory") == "memory"
    assert pool.pids == pids
    assert await run_script("return 1") == 1


async def test_an_output_over_the_budget_is_refused(run_script: Run) -> None:
    error = await failure(run_script("return 'x'.repeat(7 << 20)"))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "output")


async def test_all_scripts_of_an_evaluation_share_its_cpu_time(
    script_host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    script = {"@type": "script", "script": "const end = performance.now() + 60; while (performance.now() < end);"}
    scope = make_scope(host=script_host, budget=Budget(cpu_s=0.1))
    error = await failure(compile_node([script] * 9).evaluate(scope))
    assert error.details["budget"] == "cpu"
    assert error.path[0] in range(1, 9)


async def test_a_script_that_waits_longer_than_the_wall_time_ends(run_script: Run, script_host: FakeHost) -> None:
    script_host.gate = asyncio.Event()
    error = await failure(run_script(WAIT, budget=Budget(wall_s=0.1)))
    assert (error.code, error.details["budget"]) == ("timeout", "wall")
    assert await run_script("return 1") == 1


async def test_a_process_that_hangs_is_replaced_and_names_the_budget(make_scope: Callable[..., Scope]) -> None:
    pool = SandboxPool(size=1, grace_s=0.2)
    await pool.start()
    try:
        host = FakeHost(pool)
        [pid] = pool.pids
        budget = Budget(cpu_s=0.05, memory_bytes=900 << 20)
        hanging = compile_node({"@type": "script", "script": HANG}).evaluate(make_scope(host=host, budget=budget))
        error = await failure(hanging)
        assert (error.code, error.details["budget"]) == ("budget_exceeded", "cpu")
        again = compile_node({"@type": "script", "script": "return 1"})
        assert await again.evaluate(make_scope(host=host)) == 1
        assert pool.pids != [pid]
    finally:
        await pool.close()


async def test_a_script_whose_process_dies_runs_again_when_nothing_happened_yet(
    run_script: Run, pool: SandboxPool
) -> None:
    [pid] = pool.pids
    os.kill(pid, signal.SIGSTOP)
    running = asyncio.create_task(run_script("return 'done'"))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert await running == "done"
    assert pool.pids != [pid]


async def test_a_script_that_had_called_out_is_lost_with_its_process(
    run_script: Run, pool: SandboxPool, script_host: FakeHost
) -> None:
    script_host.gate = asyncio.Event()
    running = asyncio.create_task(run_script(WAIT))
    await script_host.asked.wait()
    os.kill(pool.pids[0], signal.SIGKILL)
    assert (await failure(running)).code == "sandbox_lost"
    script_host.gate = None
    assert await run_script(WAIT, 5) == 5
    assert len(script_host.requests) == 2


async def replaced(pool: SandboxPool, pid: int) -> int:
    """The process that took the place of one, once it is up."""
    async with asyncio.timeout(10):
        while pool.pids in ([], [pid]):  # noqa: ASYNC110 - nothing tells of a process that is up
            await asyncio.sleep(0)
    return pool.pids[0]


async def test_a_script_that_takes_its_process_down_twice_is_lost(run_script: Run, pool: SandboxPool) -> None:
    [pid] = pool.pids
    running = asyncio.create_task(run_script("for (;;);", budget=Budget(cpu_s=10)))
    for _ in range(2):
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        pid = await replaced(pool, pid)
    assert (await failure(running)).code == "sandbox_lost"


async def test_a_hundred_scripts_wait_in_one_process(run_script: Run, pool: SandboxPool, script_host: FakeHost) -> None:
    script_host.gate = asyncio.Event()
    running = [asyncio.create_task(run_script(WAIT, number)) for number in range(100)]
    while len(script_host.requests) < 100:
        script_host.asked.clear()
        await script_host.asked.wait()
    assert len(pool.pids) <= 2  # a second one where a busy machine makes the first look slow
    assert await run_script("return 'meanwhile'") == "meanwhile"
    script_host.gate.set()
    assert await asyncio.gather(*running) == list(range(100))


async def test_a_neighbour_goes_on_while_a_script_overruns(run_script: Run, script_host: FakeHost) -> None:
    script_host.gate = asyncio.Event()
    waiting = asyncio.create_task(run_script(WAIT, "unharmed"))
    await script_host.asked.wait()
    await failure(run_script("for (;;);", budget=Budget(cpu_s=0.1)))
    script_host.gate.set()
    assert await waiting == "unharmed"


async def test_more_scripts_than_the_pool_holds_are_refused_at_once(make_scope: Callable[..., Scope]) -> None:
    pool = SandboxPool(size=1, calls_per_process=2)
    await pool.start()
    try:
        host = FakeHost(pool)
        host.gate = asyncio.Event()
        program = compile_node({"@type": "script", "script": WAIT})
        running = [asyncio.create_task(program.evaluate(make_scope(n, host=host))) for n in range(2)]
        await asyncio.sleep(0)
        assert (await failure(program.evaluate(make_scope(host=host)))).code == "sandbox_full"
        host.gate.set()
        assert await asyncio.gather(*running) == [0, 1]
    finally:
        await pool.close()


async def test_the_pool_grows_to_its_size_while_scripts_wait(make_scope: Callable[..., Scope]) -> None:
    pool = SandboxPool(size=2)
    await pool.start()
    try:
        assert len(pool.pids) == 1
        program = compile_node({"@type": "script", "script": "return 1"})
        while len(pool.pids) < 2:
            scopes = [make_scope(host=FakeHost(pool)) for _ in range(20)]
            assert await asyncio.gather(*map(program.evaluate, scopes)) == [1] * 20
    finally:
        await pool.close()


async def test_closing_ends_what_runs_and_leaves_no_process(make_scope: Callable[..., Scope]) -> None:
    pool = SandboxPool(size=1)
    await pool.start()
    [pid] = pool.pids
    host = FakeHost(pool)
    host.gate = asyncio.Event()
    running = asyncio.create_task(compile_node({"@type": "script", "script": WAIT}).evaluate(make_scope(host=host)))
    await host.asked.wait()
    await pool.close()
    assert (await failure(running)).code == "sandbox_lost"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def told_of(pid: int, file: str) -> str:
    return Path(f"/proc/{pid}/{file}").read_text()


async def test_a_sandbox_process_has_no_environment_and_may_open_nothing(pool: SandboxPool) -> None:
    [pid] = pool.pids
    assert told_of(pid, "environ") == ""
    assert "Max open files            0 " in told_of(pid, "limits")
    assert "Max file size             0 " in told_of(pid, "limits")
    assert "NoNewPrivs:\t1" in told_of(pid, "status")


def test_frames_are_taken_off_as_they_complete() -> None:
    whole = frames.frame(frames.RUN, 1, b"abc") + frames.frame(frames.DROP, 2)
    buffer = bytearray()
    taken: list[tuple[int, int, bytes]] = []
    for position in range(len(whole)):
        buffer += whole[position : position + 1]
        taken += frames.split(buffer)
    assert taken == [(frames.RUN, 1, b"abc"), (frames.DROP, 2, b"")]
    assert not buffer


def test_a_frame_larger_than_any_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        list(frames.split(bytearray(b"\xff" * 20)))


def test_random_bytes_are_chacha20() -> None:
    key = bytes(range(32))
    expected = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(150))
    context = _quickjs.Context()
    install = context.eval((Path(sandbox.__path__[0]) / "inside" / "javascript" / "random.js").read_text())
    install(None, key.hex())
    assert context.eval("crypto.getRandomValues(new Uint8Array(150)).toHex()") == expected.hex()
