"""One round of each kind of fuzzing: a few hundred to some thousand evaluations that follow from the round's name."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from libs.logic.budget import Budget, Meter
from libs.logic.core import LIBRARY
from libs.logic.core.registry import Function, Outgrown
from libs.logic.errors import InvalidLogic, LogicError
from libs.logic.program import Program, compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Scope
from tests.fuzz.checks import Broken, Turns, check_cause, check_result, smallest
from tests.fuzz.nodes import PLAIN, WAITING, Nodes, arguments
from tests.fuzz.values import Values
from tests.fuzz.worlds import BUDGET, SANDBOX_BUDGET, World

# Beyond a budget: a tenth of it, and what clocks, schedulers and a full machine add.
_CLOCK_S = 1.0
# The engine's own loops are not interrupted; a process is killed for them a tenth of a second past its budget.
_CPU_CLOCK_S = 0.15
# What anything may take of the event loop at once, in CPU time: much more than it should on any machine.
_HELD_S = 0.05
_TRIES = 3
_SIDE_BY_SIDE = 16


@dataclass
class Tally:
    """How many evaluations of each kind there were, and how they ended."""

    evaluations: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    longest_s: dict[str, tuple[float, str]] = field(default_factory=dict)

    def timed(self, what: str, took_s: float, case: object) -> None:
        if took_s > self.longest_s.get(what, (0.0, ""))[0]:
            self.longest_s[what] = took_s, f"{case!r:.200}"


class Failure(Exception):
    """What went wrong with which node or input; it has been made small."""

    def __init__(self, what: str, case: Any, cause: BaseException | None) -> None:
        super().__init__(what)
        self.what = what
        self.case = case
        self.cause = cause


class Rounds:
    def __init__(self, pool: SandboxPool, tally: Tally) -> None:
        self._pool = pool
        self._tally = tally
        self.kinds: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            "data": self.data,
            "functions": self.functions,
            "nodes": self.nodes,
            "scripts": lambda rng: self._sandboxed(rng, "script"),
            "expressions": lambda rng: self._sandboxed(rng, "expression"),
        }

    async def data(self, rng: random.Random) -> None:
        """Nodes that never wait, each with many inputs."""
        values = Values(rng)
        world, nodes = World(rng, values, None), Nodes(rng, values, PLAIN)
        scopes = [world.scope() for _ in range(250)]
        before = orjson.dumps([scope.source for scope in scopes])
        for _ in range(40):
            node = nodes.node()
            program = await self._compiled(node)
            if program is not None:
                await self._run_all(program, scopes, node)
        if orjson.dumps([scope.source for scope in scopes]) != before:
            raise Failure("an evaluation changed its input", None, None)

    async def _run_all(self, program: Program, scopes: list[Scope], node: Any) -> None:
        ends, now_s = self._tally.ends, asyncio.get_running_loop().time()
        for scope in scopes:
            scope.meter = Meter(BUDGET, now_s)
            try:
                value = program.run(scope)
                check_result(value, BUDGET.output_bytes)
            except LogicError as error:
                ends[error.code] += 1
            except Exception as error:
                raise await self._failure(error, node, lambda smaller, at=scope: _run(smaller, at)) from error
        self._tally.evaluations["data"] += len(scopes)
        await asyncio.sleep(0)

    async def functions(self, rng: random.Random) -> None:
        """Calls of core's functions with small inputs, as nodes make them."""
        values, functions = Values(rng), list(LIBRARY.values())
        for _ in range(2000):
            function = rng.choice(functions)
            given = arguments(function, rng, values)
            try:
                self._call(function, given)
            except Exception as error:
                case = {"function": function.name, "input": given}
                raise await self._failure(error, case, _call_again) from error
        await asyncio.sleep(0)

    def _call(self, function: Function, given: Any) -> None:
        began_s = time.perf_counter()
        try:
            _call(function, given)
        except LogicError as error:
            self._tally.ends[error.code] += 1
        except Outgrown:
            return
        self._tally.timed("function", time.perf_counter() - began_s, (function.name, given))
        self._tally.evaluations["functions"] += 1

    async def nodes(self, rng: random.Random) -> None:
        """Nodes of all types but scripts and expressions, evaluated as services do."""
        values = Values(rng)
        world, nodes = World(rng, values, self._pool), Nodes(rng, values, WAITING)
        for _ in range(60):
            node = nodes.node()
            program = await self._compiled(node)
            for _ in range(6 if program else 0):
                assert program is not None
                await self._evaluate("nodes", node, program, world.scope(), BUDGET)

    async def _sandboxed(self, rng: random.Random, kind: str) -> None:
        values = Values(rng)
        world, nodes = World(rng, values, self._pool), Nodes(rng, values, (kind,))
        running: list[Callable[[], Awaitable[None]]] = []
        for _ in range(_SIDE_BY_SIDE * 6):
            node = {"@type": kind, **nodes.members(kind)}
            program = await self._compiled(node)
            if program is not None:
                running.append(partial(self._evaluate, f"{kind}s", node, program, world.scope(), SANDBOX_BUDGET))
        await _side_by_side(running)

    async def _evaluate(self, kind: str, node: Any, program: Program, scope: Scope, budget: Budget) -> None:
        scope.meter = Meter(budget, asyncio.get_running_loop().time())
        try:
            await self._checked(program, scope, budget)
            if kind == "nodes":
                await _check_turns(program, scope)
        except Exception as error:
            raise await self._failure(error, node, lambda smaller: _evaluate(smaller, scope)) from error
        self._tally.evaluations[kind] += 1

    async def _checked(self, program: Program, scope: Scope, budget: Budget) -> None:
        meter = scope.meter
        began_s = time.monotonic()
        try:
            value = await program.evaluate(scope)
            check_result(value, BUDGET.output_bytes)
        except LogicError as error:
            self._tally.ends[error.code] += 1
            check_cause(error)
            if error.code == "sandbox_lost":
                await _check_alone(program, scope)
        took_s = time.monotonic() - began_s
        used_s = budget.cpu_s - meter.cpu_left_s
        self._tally.timed("evaluation", took_s, scope.source)
        if took_s > budget.wall_s * 1.1 + _CLOCK_S:
            raise Broken(f"it took {took_s:.3f} s, and its wall time budget is {budget.wall_s} s")
        if used_s > budget.cpu_s * 1.1 + _CPU_CLOCK_S:
            raise Broken(f"it used {used_s:.3f} s of CPU time, and its budget is {budget.cpu_s} s")

    async def _compiled(self, node: Any) -> Program | None:
        try:
            return compile_node(node)
        except InvalidLogic:
            self._tally.ends["refused"] += 1
            return None
        except Exception as error:
            raise await self._failure(error, node, _compile) from error

    async def _failure(self, error: Exception, case: Any, again: Callable[[Any], Awaitable[None]]) -> Failure:
        async def fails(smaller: Any) -> bool:
            try:
                await again(smaller)
            except (LogicError, InvalidLogic):
                return False
            except Exception as found:
                return type(found) is type(error)
            return False

        if isinstance(error, Failure):
            return error
        small = await smallest(deepcopy(case), fails) if await fails(case) else case
        return Failure(f"{type(error).__name__}: {error}", small, error)


async def _compile(node: Any) -> None:
    compile_node(node)


async def _run(node: Any, scope: Scope) -> None:
    scope.meter = Meter(BUDGET, asyncio.get_running_loop().time())
    program = compile_node(node)
    if program.is_sync:
        check_result(program.run(scope), BUDGET.output_bytes)


async def _evaluate(node: Any, scope: Scope) -> None:
    scope.meter = Meter(BUDGET, asyncio.get_running_loop().time())
    try:
        check_result(await compile_node(node).evaluate(scope), BUDGET.output_bytes)
    except LogicError as error:
        check_cause(error)


async def _call_again(case: Any) -> None:
    if isinstance(case, dict) and case.get("function") in LIBRARY:
        with suppress(Outgrown):
            _call(LIBRARY[case["function"]], case.get("input"))


def _call(function: Function, given: Any) -> None:
    """As a node does, but for exceptions, which a node would make errors of. The value may be of any size."""
    took_s: list[float] = []
    while not took_s or (took_s[-1] > _HELD_S and len(took_s) < _TRIES):
        began_s = time.thread_time()
        value = function.call_in_place(given)
        took_s.append(time.thread_time() - began_s)
    check_result(value, 1 << 62)
    if min(took_s) > _HELD_S:
        raise Broken(f"{function.name} held the event loop for {min(took_s):.3f} s")


async def _check_turns(program: Program, scope: Scope) -> None:
    """Evaluates it again, up to some times, since Python tidies up whenever it likes."""
    held_s: list[float] = []
    while not held_s or (held_s[-1] > _HELD_S and len(held_s) < _TRIES):
        scope.meter = Meter(BUDGET, asyncio.get_running_loop().time())
        with Turns() as turns, suppress(LogicError):
            await program.evaluate(scope)
        held_s.append(turns.longest_s)
    if min(held_s) > _HELD_S:
        raise Broken(f"it held the event loop for {min(held_s):.3f} s")


async def _check_alone(program: Program, scope: Scope) -> None:
    """A script whose process ended because of a neighbour's ends otherwise when it runs again."""
    for _ in range(3):
        scope.meter = Meter(BUDGET, asyncio.get_running_loop().time())
        try:
            await program.evaluate(scope)
        except LogicError as error:
            if error.code == "sandbox_lost":
                continue
        return
    raise Broken("it ends its process whenever it runs")


async def _side_by_side(running: list[Callable[[], Awaitable[None]]]) -> None:
    """Runs some at a time; the first failure ends the others."""
    limit = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(evaluate: Callable[[], Awaitable[None]]) -> None:
        async with limit:
            await evaluate()

    tasks = [asyncio.create_task(one(evaluate)) for evaluate in running]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
