"""The `expression` node: a JSONata expression, evaluated in a process of its own."""

from typing import Any

from libs.logic.compiler import Compiler, ExpressionSource, Node
from libs.logic.errors import LogicError, Path
from libs.logic.pieces import Constant, Piece, Ready, Waiting, as_evaluate
from libs.logic.scope import Computation, Scope


def compile_expression(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("expression",), optional=("language", "input"))
    if node.get("language", "jsonata") != "jsonata":
        compiler.problem((*path, "language"), "'language' must be 'jsonata'.")
    text = compiler.text(node, "expression", path)
    source = as_evaluate(compiler.member(node, "input", path, depth) or _WHOLE_SOURCE)
    if text is None:
        return Constant(None)
    compiler.expressions.append(ExpressionSource((*path, "expression"), text))

    async def evaluate(scope: Scope) -> Any:
        computation = Computation("expression", text, await source(scope), scope.meter, scope.tenant)
        try:
            return await scope.host.sandbox.compute(computation)
        except LogicError as error:
            raise error.at(path) from None

    return Waiting(evaluate)


_WHOLE_SOURCE = Ready(lambda scope: scope.source)
