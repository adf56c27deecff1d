"""Expressions and core's functions in their sandbox process: budgets, errors, neighbours, and what stays of a call."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from libs.logic.budget import Budget, Meter
from libs.logic.cases import groups, read
from libs.logic.compiler import ExpressionSource
from libs.logic.core import LIBRARY
from libs.logic.errors import LogicError
from libs.logic.sandbox.computations import ComputationCall, body_of
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.sandbox.process import COMPUTATIONS
from libs.logic.sandbox.processes import ProcessPool
from libs.logic.scope import Computation
from libs.logic.values import equal

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDLESS = "($f := function(){ $f() }; $f())"

RANDOM = ("uuid.", "random.")


def core_cases() -> list[tuple[str, Any]]:
    """Functions with inputs from their cases, as far as these are written down."""
    nodes = [case.node for group in groups() if group.startswith("core/") for case in read(group)]
    calls = [(node.get("action") or node.get("condition"), node.get("input")) for node in nodes if type(node) is dict]
    return [
        (name, source)
        for name, source in calls
        if name in LIBRARY and not name.startswith(RANDOM) and type(source) is dict and "@type" not in source
    ]


CORE = core_cases()

Evaluate = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def computing() -> AsyncIterator[SandboxPool]:
    """One process for the whole module, unless something ends it."""
    pool = SandboxPool(size=1)
    yield pool
    await pool.close()


@pytest.fixture
def evaluate(computing: SandboxPool) -> Evaluate:
    return evaluator(computing)


def evaluator(pool: SandboxPool) -> Evaluate:
    async def evaluate(text: str, source: Any = None, **budget: Any) -> Any:
        return await pool.compute(Computation("expression", text, source, meter(**budget)))

    return evaluate


def meter(**budget: Any) -> Meter:
    return Meter(Budget(**budget), asyncio.get_running_loop().time())


async def test_a_computing_process_is_started_when_it_is_needed_and_kept(computing: SandboxPool) -> None:
    assert await evaluator(computing)("1 + 1") == 2
    [pid] = computing.pids
    assert await evaluator(computing)("a.b", {"a": [{"b": "ä"}, {"b": None}]}) == ["ä", None]
    assert computing.pids == [pid]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_it_is_locked_down_like_every_sandbox_process(computing: SandboxPool) -> None:
    await evaluator(computing)("1")
    folder = Path(f"/proc/{computing.pids[0]}")
    assert (folder / "environ").read_bytes() == b""
    assert "Seccomp:\t2" in (folder / "status").read_text()
    assert len(os.listdir(folder / "fd")) == 3


@pytest.mark.parametrize(
    ("text", "budget", "named"),
    [
        (ENDLESS, {"cpu_s": 0.1}, "cpu"),
        ("($f := function($n){ $string($f) = '' ? $f($n + 1) : 0 }; $f(0))", {"cpu_s": 0.1}, "cpu"),
        ("$eval('($f := function(){ $f() }; $f())')", {"cpu_s": 0.1}, "cpu"),
        ("($f := function(){ $f() }; true and $f())", {"cpu_s": 0.1}, "cpu"),
        ("$map([1..200000], function($v){ $v * 2 })", {"cpu_s": 0.1}, "cpu"),
        ("[1..9000000]", {}, "memory"),
        ("$pad('', 100000000)", {}, "memory"),
        ("($f := function($t){ $f($t & $t) }; $f('abc'))", {}, "memory"),
        ("($f := function($a){ $f($append($a, $a)) }; $f([1..1000]))", {}, "memory"),
        ("($f := function($a){ $f([[$a, $a]]) }; $f([1]))", {"cpu_s": 0.2}, "cpu"),
        ("$pad('', 2000)", {"output_bytes": 1000}, "output"),
        ("($a := $pad('', 999); $b := [$a, $a]; $c := [$b, $b]; [$c, $c])", {"output_bytes": 4000}, "output"),
    ],
)
async def test_an_overrun_names_the_budget_and_the_process_goes_on(
    evaluate: Evaluate, computing: SandboxPool, text: str, budget: dict[str, Any], named: str
) -> None:
    await evaluate("1")
    before = computing.pids
    with pytest.raises(LogicError) as error:
        await evaluate(text, **budget)
    assert (error.value.code, error.value.details) == ("budget_exceeded", {"budget": named})
    assert await evaluate("$sum([1..1000])") == 500500
    assert computing.pids == before


async def test_the_cpu_time_of_all_of_an_evaluation_is_counted_together(computing: SandboxPool) -> None:
    shared = meter(cpu_s=0.05)
    work = Computation("expression", "$sum($map([1..1000], function($v){ $v * 2 }))", None, shared)
    count = 0
    while shared.cpu_left_s > 0:
        await asyncio.gather(computing.compute(work), return_exceptions=True)
        count += 1
    assert 3 < count < 500
    with pytest.raises(LogicError, match="cpu budget"):
        await computing.compute(work)


async def test_what_computations_yield_counts_as_data(computing: SandboxPool) -> None:
    with pytest.raises(LogicError) as error:
        await evaluator(computing)("$pad('', 2000)", data_bytes=1000)
    assert error.value.details == {"budget": "data"}
    with pytest.raises(LogicError) as error:
        await evaluator(computing)("[1..100].{}", data_bytes=6000)
    assert error.value.details == {"budget": "data"}


async def test_a_process_that_hangs_is_killed_and_its_neighbour_runs_again() -> None:
    pool = SandboxPool(size=1, grace_s=0.02)
    evaluate = evaluator(pool)
    try:
        await evaluate("1")
        [pid] = pool.pids
        # One search, which takes seconds and which no signal interrupts.
        hanging = evaluate("$contains($pad('', 100000, 'ab'), /([ab]?){900}c/)", cpu_s=0.1)
        hung, neighbour = await asyncio.gather(hanging, evaluate("$sum([1, 2])"), return_exceptions=True)
        assert isinstance(hung, LogicError)
        assert hung.details == {"budget": "cpu"}
        assert neighbour == 3
        assert pool.pids != [pid]
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("1 + 'a'", {"code": "T2002"}),
        ("a.b.$nothing()", {"code": "T1006", "position": 13}),
        ("$uppercase(1)", {"code": "T0410", "position": 11}),
        ("1 +", {"code": "S0207", "position": 3}),
        ("$number('x')", {"code": "D3030", "position": 8}),
        ("($f := function($n){ 1 + $f($n) }; $f(1))", {"code": "D1011"}),
        ("1 / 0", {"code": "D1001"}),
    ],
)
async def test_an_error_has_jsonatas_code_and_the_position(
    evaluate: Evaluate, text: str, details: dict[str, Any]
) -> None:
    with pytest.raises(LogicError) as error:
        await evaluate(text, {"a": {"b": 1}})
    assert (error.value.code, error.value.details) == ("script_error", details)


async def test_expressions_are_checked_with_line_and_column(computing: SandboxPool) -> None:
    texts = ["$sum(a)", "1 +", "a.\n  (b +\n 'c", "/(?=a)/", "(" * 100_000, "/* never closed", "λ($x)<n", "a[", ""]
    sources = [ExpressionSource((index,), text) for index, text in enumerate(texts)]
    problems = await computing.check_expressions(sources)
    assert [(problem.path, problem.line, problem.column) for problem in problems[:2]] == [((1,), 1, 3), ((2,), 3, 3)]
    assert [problem.path[0] for problem in problems] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(problem.message for problem in problems)
    assert "(?=" in problems[2].message


async def test_one_of_cores_functions_is_called_by_name(computing: SandboxPool) -> None:
    asked = Computation("function", "string.lower", {"string": "ÄB"}, meter())
    assert await computing.compute(asked) == "äb"
    with pytest.raises(LogicError) as error:
        await computing.compute(Computation("function", "string.lower", {"string": 1}, meter()))
    assert error.value.code == "invalid_input"


async def test_every_case_of_cores_functions_holds_there_too(computing: SandboxPool) -> None:
    """Nothing can be loaded any more once the process is locked down."""
    different = []
    for name, source in CORE:
        here, there = called(name, source), await answer(computing, name, source)
        different += [] if equal(here, there) else [(name, source, here, there)]
    assert different == []


def called(name: str, source: Any) -> Any:
    try:
        return LIBRARY[name].call(orjson.loads(orjson.dumps(source)))
    except LogicError as error:
        return error.to_dict()


async def answer(pool: SandboxPool, name: str, source: Any) -> Any:
    try:
        return await pool.compute(Computation("function", name, source, meter()))
    except LogicError as error:
        return error.to_dict()


async def test_many_callers_share_the_process(evaluate: Evaluate) -> None:
    results = await asyncio.gather(*[evaluate("$ * 2", number) for number in range(200)])
    assert results == [number * 2 for number in range(200)]


async def test_an_input_that_is_no_json_is_refused(evaluate: Evaluate) -> None:
    with pytest.raises(LogicError) as error:
        await evaluate("$", {"a": object()})
    assert error.value.code == "invalid_input"


async def test_a_process_that_has_had_nothing_to_do_for_a_while_is_ended_and_another_started_in_need() -> None:
    program = replace(COMPUTATIONS, idle_kept_s=0.02)
    pool = ProcessPool(program, size=1, calls_per_process=10, grace_s=0.1, seccomp="required", on_replaced=None)
    work = Computation("expression", "1 + 1", None, meter())
    try:
        assert await pool.outcome(partial(ComputationCall, work, body_of(work))) == 2
        [process] = pool._processes
        await process.lost.wait()
        assert await pool.outcome(partial(ComputationCall, work, body_of(work))) == 2
        assert pool.pids != [process.pid]
    finally:
        await pool.close()


async def test_nothing_is_computed_once_the_sandbox_is_closed() -> None:
    pool = SandboxPool(size=1)
    await pool.close()
    with pytest.raises(LogicError, match="computation was lost") as error:
        await evaluator(pool)("1")
    assert error.value.code == "sandbox_lost"
