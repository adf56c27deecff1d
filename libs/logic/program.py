"""A compiled program, and the two ways to make one: from a node, or from a component's hooks."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from libs.logic.budget import chain_told, exceeded
from libs.logic.compiler import (
    MOST_PROBLEMS,
    CallKey,
    Compiler,
    ComponentName,
    ExpressionSource,
    ScriptSource,
    StepName,
    VariableName,
)
from libs.logic.errors import InvalidLogic, LogicError, Path, Problem
from libs.logic.nodes.calls import compile_action, compile_condition
from libs.logic.nodes.control import (
    compile_case,
    compile_case_value,
    compile_fail,
    compile_if,
    compile_if_value,
    compile_repeat,
    compile_try,
)
from libs.logic.nodes.expressions import compile_expression
from libs.logic.nodes.references import compile_reference
from libs.logic.nodes.requests import compile_http
from libs.logic.nodes.scripts import compile_script
from libs.logic.pieces import Piece, Waiting, as_evaluate, as_run
from libs.logic.scope import Bound, Scope
from libs.logic.turns import check_output
from libs.logic.values import exceeds

T = TypeVar("T")

_LARGE_BYTES = 16 << 10
_UNBOUND: Mapping[CallKey, Bound] = {}
NODE_TYPES = {
    "reference": compile_reference,
    "script": compile_script,
    "expression": compile_expression,
    "action": compile_action,
    "condition": compile_condition,
    "http": compile_http,
    "if": compile_if,
    "ifValue": compile_if_value,
    "case": compile_case,
    "caseValue": compile_case_value,
    "repeat": compile_repeat,
    "try": compile_try,
    "fail": compile_fail,
}


class Program:
    """Compiled logic, ready to be evaluated any number of times.

    A result may share parts with the input and with the program: read it, don't change it.
    """

    def __init__(self, piece: Piece, compiler: Compiler) -> None:
        self.is_sync = not isinstance(piece, Waiting)
        self.uses_credential = compiler.uses_credential
        self.uses_variables = compiler.uses_variables
        self.scripts: tuple[ScriptSource, ...] = tuple(compiler.scripts)
        self.expressions: tuple[ExpressionSource, ...] = tuple(compiler.expressions)
        self.calls: tuple[ComponentName, ...] = tuple(compiler.calls)
        self.steps: tuple[StepName, ...] = tuple(compiler.steps)
        self.variables: tuple[VariableName, ...] = tuple(compiler.variables)
        held = compiler.uses_credential or compiler.uses_variables or compiler.uses_user
        self.is_plain = self.is_sync and not held
        """Its value follows from its input alone."""
        self.is_literal = compiler.nodes == 0
        """It holds no node at all."""
        self._nodes = compiler.nodes
        # One value as it came in has been within bounds already.
        self._may_grow = compiler.nodes > 1 or not self.is_sync
        self._run = None if isinstance(piece, Waiting) else as_run(piece)
        self._evaluate = as_evaluate(piece)

    def run(self, scope: Scope) -> Any:
        """The value of a program that `is_sync`, without awaiting."""
        if self._run is None:
            raise TypeError("a program that has to wait must be awaited")
        try:
            scope.meter.visit(self._nodes)
            value = self._run(scope)
            if self._may_grow:
                scope.meter.check_output(value)
        except LogicError as error:
            error.blot(scope.blotter())
            raise
        except RecursionError:
            raise _too_deep(scope.chain) from None
        return value

    async def evaluate(self, scope: Scope) -> Any:
        """The value, within the wall time of the scope's meter; raises LogicError."""
        if self.is_sync:
            return self.run(scope)
        try:
            async with asyncio.timeout_at(scope.meter.deadline_s):
                return await self.execute(scope)
        except TimeoutError:
            raise scope.meter.overdue() from None

    async def execute(self, scope: Scope) -> Any:
        """The value as a part of an evaluation that is under way and whose wall time is watched elsewhere."""
        try:
            scope.meter.visit(self._nodes)
            value = await self._evaluate(scope)
            if self._may_grow:
                await check_output(scope.meter, value)
        except LogicError as error:
            error.blot(scope.blotter())
            raise
        except RecursionError:
            raise _too_deep(scope.chain) from None
        return value


def _too_deep(chain: tuple[str, ...]) -> LogicError:
    told = f": {chain_told(chain)}" if chain else ""
    return exceeded("depth", f"actions and the nodes around them are nested too deeply{told}")


def compile_node(node: object, *, path: Path = (), bound: Mapping[CallKey, Bound] = _UNBOUND) -> Program:
    """Raises InvalidLogic with everything that is wrong. Calls that are not `bound` go by their names when they run."""
    compiler = Compiler(NODE_TYPES, bound)
    piece = compiler.compile(node, path)
    if compiler.problems:
        raise InvalidLogic(compiler.problems)
    return Program(piece, compiler)


def compile_hooks(logic: Mapping[str, object], *, bound: Mapping[CallKey, Bound] = _UNBOUND) -> dict[str, Program]:
    """A program for each hook; raises InvalidLogic with what is wrong in any of them."""
    programs: dict[str, Program] = {}
    problems: list[Problem] = []
    for hook, node in logic.items():
        if len(problems) >= MOST_PROBLEMS:
            break
        try:
            programs[hook] = compile_node(node, path=(hook,), bound=bound)
        except InvalidLogic as invalid:
            problems.extend(invalid.problems)
    if problems:
        raise InvalidLogic(problems)
    return programs


@dataclass(slots=True)
class Findings:
    """What is wrong with hooks, and what in them is still to be looked at, whether or not they compile."""

    problems: list[Problem] = field(default_factory=list)
    scripts: list[ScriptSource] = field(default_factory=list)
    expressions: list[ExpressionSource] = field(default_factory=list)
    called: set[CallKey] = field(default_factory=set)


def examine_hooks(logic: Mapping[str, object]) -> Findings:
    findings = Findings()
    for hook, node in logic.items():
        if len(findings.problems) >= MOST_PROBLEMS:
            break
        compiler = Compiler(NODE_TYPES, _UNBOUND)
        with suppress(InvalidLogic):  # its problems are noted
            compiler.compile(node, (hook,))
        findings.problems += compiler.problems
        findings.scripts += compiler.scripts
        findings.expressions += compiler.expressions
        findings.called |= {call.key for call in compiler.calls}
    return findings


async def aside(compile_it: Callable[[], T], source: object) -> T:
    """Compiles a small source at once and a large one in a thread, so that nothing else waits for it."""
    return await asyncio.to_thread(compile_it) if exceeds(source, _LARGE_BYTES) else compile_it()
