"""Evaluates logic in a process of its own, as the product's do, and prints what that takes as one JSON object.

Run with the seconds to spend on each number.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import orjson
import psutil
import uvloop

from libs.logic.budget import Budget, Meter
from libs.logic.program import Program, compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import ComponentCall, HttpRequest, HttpResponse, Sandbox, Scope
from tests.bench.wire import ID_PLACE

NODES = (20, 200, 2_000)
KIB = (1, 64, 1_024)
CALLERS = 32
_BATCHES = 20
_STARTS = 5
_BUDGET = Budget()
_SCRIPT = "return { id: input.data.id, library: typeof $ }"
_EXPRESSION = "id & '!'"
_LIBRARIES = "return [$.axios, $.lodash, $.xml2js, $.jsonwebtoken].map((library) => typeof library)"


def tree(nodes: int) -> dict[str, Any]:
    """An object of so many nodes, itself included: references, and branches that choose between references."""
    branches, more = divmod(nodes - 3, 4)
    chosen = {"@type": "if", "condition": _path("flag"), "then": _path("word"), "else": _path("id")}
    members = {f"branch {n}": chosen for n in range(branches)} | {f"more {n}": _path("word") for n in range(more)}
    return {"id": _path("id"), "text": _path("text"), **members}


def _path(*steps: str) -> dict[str, Any]:
    return {"@type": "reference", "operation": "source", "path": [*steps]}


def source(kib: int) -> dict[str, Any]:
    """An input of this size."""
    given = {"id": ID_PLACE.decode(), "flag": True, "word": "chosen", "text": ""}
    return {**given, "text": "x" * (kib * 1024 - len(orjson.dumps(given)))}


class Evaluation:
    """The host of programs that ask for nothing but the sandbox."""

    def __init__(self, sandbox: SandboxPool) -> None:
        self.sandbox: Sandbox = sandbox

    async def http(self, request: HttpRequest) -> HttpResponse:
        raise TypeError("nothing is sent here")

    async def component(self, scope: Scope, call: ComponentCall) -> tuple[Program, Scope]:
        raise TypeError("nothing is called here")

    async def once(self, program: Program, given: Any) -> Any:
        meter = Meter(_BUDGET, asyncio.get_running_loop().time())
        scope = Scope(source=given, host=self, meter=meter)
        return program.run(scope) if program.is_sync else await program.evaluate(scope)


async def _grown(
    node_of: Callable[[int], Any], measure: Callable[[Program, Any], Awaitable[float]]
) -> dict[str, dict[int, float]]:
    """The measure by node count, and by the size of the input."""
    return {
        "nodes": {nodes: await measure(compile_node(node_of(nodes)), source(1)) for nodes in NODES},
        "kib": {kib: await measure(compile_node(node_of(NODES[0])), source(kib)) for kib in KIB},
    }


async def _batches_us(evaluation: Evaluation, program: Program, given: Any, seconds: float) -> float:
    """Microseconds for one evaluation: the median of batches, each long enough for the clock."""
    started_s = time.perf_counter()
    await evaluation.once(program, given)
    per_batch = max(1, int(seconds / _BATCHES / (time.perf_counter() - started_s)))
    taken_us = []
    for _ in range(_BATCHES):
        started_s = time.perf_counter()
        for _ in range(per_batch):
            await evaluation.once(program, given)
        taken_us.append(1e6 * (time.perf_counter() - started_s) / per_batch)
    return median(taken_us)


async def _p50_ms(evaluation: Evaluation, program: Program, given: Any, seconds: float) -> float:
    """With one caller."""
    taken_s, ends_s = [], time.perf_counter() + seconds
    while not taken_s or time.perf_counter() < ends_s:
        started_s = time.perf_counter()
        await evaluation.once(program, given)
        taken_s.append(time.perf_counter() - started_s)
    return 1e3 * median(taken_s)


async def _per_s(evaluation: Evaluation, program: Program, given: Any, seconds: float) -> float:
    """With many callers, each of which begins anew when it has its value."""
    ends_s = time.perf_counter() + seconds

    async def caller() -> int:
        done = 0
        while time.perf_counter() < ends_s:
            await evaluation.once(program, given)
            done += 1
        return done

    started_s = time.perf_counter()
    done = sum(await asyncio.gather(*(caller() for _ in range(CALLERS))))
    return done / (time.perf_counter() - started_s)


async def _started_ms() -> tuple[float, float]:
    """How long a sandbox process takes to come up, and the megabytes that it holds after its first script."""
    script = compile_node({"@type": "script", "script": _LIBRARIES})
    return await _first(lambda pool: pool.start(), lambda pool: Evaluation(pool).once(script, None))


async def _first_expression_ms() -> tuple[float, float]:
    """How long the first expression takes, for which a process is started, and the megabytes that this holds then."""
    expression = compile_node(_expression(NODES[0]))
    return await _first(lambda pool: Evaluation(pool).once(expression, source(1)), lambda pool: asyncio.sleep(0))


async def _first(
    timed: Callable[[SandboxPool], Awaitable[Any]], untimed: Callable[[SandboxPool], Awaitable[Any]]
) -> tuple[float, float]:
    taken_s: list[float] = []
    held_mb: list[float] = []
    for _ in range(_STARTS):
        pool, started_s = SandboxPool(size=1), time.perf_counter()
        await timed(pool)
        taken_s.append(time.perf_counter() - started_s)
        await untimed(pool)
        held_mb.append(psutil.Process(pool.pids[0]).memory_info().rss / 1e6)
        await pool.close()
    return 1e3 * median(taken_s), median(held_mb)


def _expression(nodes: int) -> dict[str, Any]:
    return {"@type": "expression", "expression": _EXPRESSION, "input": tree(nodes - 1)}


def _script(nodes: int) -> dict[str, Any]:
    return {"@type": "script", "script": _SCRIPT, "input": tree(nodes - 1)}


async def main(seconds: float) -> None:
    start_ms, idle_mb = await _started_ms()
    first_expression_ms, computing_mb = await _first_expression_ms()
    pool = SandboxPool()
    await pool.start()
    pool.fill()
    evaluation = Evaluation(pool)
    script = compile_node(_script(NODES[0]))
    expression = compile_node(_expression(NODES[0]))
    for program in (script, expression):
        await _per_s(evaluation, program, source(1), min(1.0, seconds))
    told = {
        "start_ms": start_ms,
        "idle_mb": idle_mb,
        "first_expression_ms": first_expression_ms,
        "computing_mb": computing_mb,
        "data_us": await _grown(tree, lambda program, given: _batches_us(evaluation, program, given, seconds / 4)),
        "script_ms": await _grown(_script, lambda program, given: _p50_ms(evaluation, program, given, seconds / 4)),
        "scripts_per_s": await _grown(_script, lambda program, given: _per_s(evaluation, program, given, seconds / 2)),
        "expression_ms": await _grown(
            _expression, lambda program, given: _p50_ms(evaluation, program, given, seconds / 4)
        ),
        "expressions_per_s": await _grown(
            _expression, lambda program, given: _per_s(evaluation, program, given, seconds / 2)
        ),
    }
    await pool.close()
    sys.stdout.write(orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1])))
