"""Calls of core's functions: bound when the logic is compiled, run in place unless the input is large."""

from difflib import get_close_matches
from typing import Any

from libs.logic.compiler import TYPE, Compiler, ComponentName, Node
from libs.logic.core import LIBRARY
from libs.logic.core.registry import Function
from libs.logic.errors import LogicError
from libs.logic.pieces import Evaluate, Piece, as_evaluate
from libs.logic.scope import Computation, Scope
from libs.logic.turns import give_way
from libs.logic.values import size_bytes

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
            if function.is_large(given):
                computation = Computation("function", function.name, given, scope.meter, scope.tenant)
                return await scope.host.sandbox.compute(computation)
            value = function.call(given)
            scope.meter.take_data(size_bytes(value))
        except LogicError as error:
            raise error.at(name.path) from None
        await give_way(scope.meter)
        return value

    return evaluate
