"""Calls of core's functions: bound when the logic is compiled, run in place unless input or result is large."""

from difflib import get_close_matches
from typing import Any

import structlog

from libs.logic.compiler import TYPE, Compiler, ComponentName, Node
from libs.logic.core import LIBRARY
from libs.logic.core.registry import Function, Outgrown
from libs.logic.errors import LogicError
from libs.logic.pieces import Evaluate, Piece, as_evaluate
from libs.logic.scope import Computation, Scope
from libs.logic.turns import give_way
from libs.logic.values import sizes

CORE = "core"


def compile_function(compiler: Compiler, name: ComponentName, node: Node, source: Piece) -> Evaluate | None:
    function = LIBRARY.get(name.name)
    if function is None or function.kind != name.kind:
        compiler.problem((*name.path, name.kind), _not_there(name))
        return None
    _check_members(compiler, name, function, node.get("input", {}))
    return _call(function, as_evaluate(source), name)


def _not_there(name: ComponentName) -> str:
    family = name.name.partition(".")[0]
    alike = [each for each in LIBRARY.of_kind(name.kind) if each.partition(".")[0] == family]
    near = get_close_matches(name.name, alike, n=3)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return f"The service '{CORE}' has no {name.kind} {name.name!r:.60}.{hint}"


def _check_members(compiler: Compiler, name: ComponentName, function: Function, source: Any) -> None:
    """What is already wrong with an input whose members are written down."""
    if not isinstance(source, dict) or TYPE in source:
        return
    path = (*name.path, "input")
    for member, message in function.unknown(source).items():
        compiler.problem((*path, member), f"'{member}' {message}.")
    for member in function.missing(source):
        compiler.problem(path, f"{name.kind} '{function.name}' needs '{member}' in its input.")


def _call(function: Function, source: Evaluate, name: ComponentName) -> Evaluate:
    async def evaluate(scope: Scope) -> Any:
        given = await source(scope)
        try:
            return await value_of(function, given, scope)
        except LogicError as error:
            raise error.at(name.path) from error.__cause__

    return evaluate


async def value_of(function: Function, given: Any, scope: Scope) -> Any:
    meter = scope.meter
    try:
        value = function.call_in_place(given)
    except Outgrown:
        return await scope.host.sandbox.compute(Computation("function", function.name, given, meter, scope.tenant))
    except (LogicError, RecursionError):
        raise
    except Exception as error:
        structlog.get_logger().error("function_failed", function=function.name, error=type(error).__name__)
        raise function.failed(error) from error
    taken_bytes = 0.0
    for size_bytes in sizes(value):
        meter.take_data(size_bytes - taken_bytes)
        taken_bytes = size_bytes
        await give_way(meter)
    return value
