"""Nodes that choose, repeat, catch and fail: `if`, `ifValue`, `case`, `caseValue`, `repeat`, `try`, `fail`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

from libs.logic.budget import MOST_AT_ONCE
from libs.logic.compiler import Compiler, Node
from libs.logic.errors import LogicError, Path
from libs.logic.pieces import (
    LARGEST_READY,
    Constant,
    Evaluate,
    Piece,
    Ready,
    Run,
    Waiting,
    as_evaluate,
    as_run,
    weight_of,
)
from libs.logic.scope import Scope
from libs.logic.turns import give_way
from libs.logic.values import equal, truthy

Branch = tuple[Piece, Piece]
Holds = Callable[[Scope, Any, Any], bool]


def compile_if(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("condition", "then"), optional=("else",))
    branch = compiler.part(node, "condition", path, depth), compiler.part(node, "then", path, depth)
    return _choice(None, [branch], compiler.part(node, "else", path, depth))


def compile_if_value(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("value", "equals", "then"), optional=("else",))
    branch = compiler.part(node, "equals", path, depth), compiler.part(node, "then", path, depth)
    subject = compiler.part(node, "value", path, depth)
    return _choice(subject, [branch], compiler.part(node, "else", path, depth))


def compile_case(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("cases",), optional=("else",))
    branches = _branches(compiler, node, "condition", path, depth)
    return _choice(None, branches, compiler.part(node, "else", path, depth))


def compile_case_value(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("value", "cases"), optional=("else",))
    subject = compiler.part(node, "value", path, depth)
    branches = _branches(compiler, node, "equals", path, depth)
    return _choice(subject, branches, compiler.part(node, "else", path, depth))


def compile_repeat(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("do",), optional=("times", "each", "concurrency"))
    if ("times" in node) == ("each" in node):
        compiler.problem(path, "'repeat' needs either 'times' or 'each'.")
    name = "each" if "each" in node else "times"
    source = as_evaluate(compiler.part(node, name, path, depth))
    concurrency = _concurrency(compiler, node, path)
    body, nodes = compiler.inner(node, "do", path, depth)
    do = as_evaluate(body)
    elements_of = _listed if name == "each" else _counted

    async def evaluate(scope: Scope) -> list[Any]:
        elements = elements_of(await source(scope), (*path, name))
        _visit(scope, (nodes + 1) * len(elements), path)

        async def once(element: Any) -> Any:
            value = await do(scope.at_item(element))
            await give_way(scope.meter)
            return value

        others = scope.meter.take_places(min(concurrency, len(elements)) - 1) if elements else 0
        if others == 0:
            return [await once(element) for element in elements]
        try:
            return await _side_by_side(once, elements, others + 1)
        finally:
            scope.meter.places_left += others

    return Waiting(evaluate)


def compile_try(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("do", "catch"), optional=())
    do = as_evaluate(compiler.part(node, "do", path, depth))
    caught, nodes = compiler.inner(node, "catch", path, depth)
    catch = as_evaluate(caught)

    async def evaluate(scope: Scope) -> Any:
        try:
            return await do(scope)
        except LogicError as error:
            if error.code == "budget_exceeded":  # what has run out can't be spent again
                raise
            error.blot(scope.blotter())
            seen = {"details": {}, **error.to_dict()}
        _visit(scope, nodes, path)
        return await catch(scope.at_item(seen))

    return Waiting(evaluate)


def compile_fail(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("code", "message"), optional=())
    code, message = compiler.part(node, "code", path, depth), compiler.part(node, "message", path, depth)
    if not isinstance(code, Waiting) and not isinstance(message, Waiting):
        code_of, message_of = as_run(code), as_run(message)

        def run(scope: Scope) -> Any:
            raise _failure(code_of(scope), message_of(scope), path)

        return Ready(run, weight_of((code, message)) + 1)
    code_from, message_from = as_evaluate(code), as_evaluate(message)

    async def evaluate(scope: Scope) -> Any:
        raise _failure(await code_from(scope), await message_from(scope), path)

    return Waiting(evaluate)


def _branches(compiler: Compiler, node: Node, test: str, path: Path, depth: int) -> list[Branch]:
    cases = node.get("cases", [])
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        compiler.problem((*path, "cases"), f"'cases' must be a list of objects with '{test}' and 'then'.")
        return []
    compiler.nodes += len(cases)
    return [_branch(compiler, case, test, (*path, "cases", at), depth + 2) for at, case in enumerate(cases)]


def _branch(compiler: Compiler, case: Node, test: str, path: Path, depth: int) -> Branch:
    wrong = sorted(case.keys() ^ {test, "then"})
    if wrong:
        compiler.problem(
            path, f"a case has '{test}' and 'then', nothing less and nothing more (not so: {wrong[0]!r:.60})."
        )
    return compiler.part(case, test, path, depth), compiler.part(case, "then", path, depth)


def _choice(subject: Piece | None, branches: Sequence[Branch], otherwise: Piece) -> Piece:
    """The first branch whose test is true, or equals the subject's value if there is one; tests are made in order."""
    holds = _equals if subject is not None else _is_true
    subject = subject or Constant(None)
    pieces = [subject, *chain.from_iterable(branches), otherwise]
    weight = weight_of(pieces) + 1 + len(branches)
    if weight > LARGEST_READY or any(isinstance(piece, Waiting) for piece in pieces):
        waiting = [(as_evaluate(test), as_evaluate(then)) for test, then in branches]
        return Waiting(_choosing(as_evaluate(subject), waiting, as_evaluate(otherwise), holds))
    ready = [(_run_of(test), _run_of(then)) for test, then in branches]
    return Ready(_chosen(_run_of(subject), ready, _run_of(otherwise), holds), weight)


def _is_true(scope: Scope, _: Any, value: Any) -> bool:
    return truthy(value)


def _equals(scope: Scope, one: Any, other: Any) -> bool:
    return one is other or equal(one, other, scope.meter.compare)


def _run_of(piece: Piece) -> Run:
    if isinstance(piece, Waiting):
        raise TypeError("a piece that waits can't be run")
    return as_run(piece)


def _chosen(subject: Run, branches: Sequence[tuple[Run, Run]], otherwise: Run, holds: Holds) -> Run:
    def run(scope: Scope) -> Any:
        value = subject(scope)
        for test, then in branches:
            if holds(scope, value, test(scope)):
                return then(scope)
        return otherwise(scope)

    return run


def _choosing(
    subject: Evaluate, branches: Sequence[tuple[Evaluate, Evaluate]], otherwise: Evaluate, holds: Holds
) -> Evaluate:
    async def evaluate(scope: Scope) -> Any:
        value = await subject(scope)
        for test, then in branches:
            if holds(scope, value, await test(scope)):
                return await then(scope)
            await give_way(scope.meter)
        return await otherwise(scope)

    return evaluate


def _concurrency(compiler: Compiler, node: Node, path: Path) -> int:
    concurrency = node.get("concurrency", 1)
    if type(concurrency) is int and 1 <= concurrency <= MOST_AT_ONCE:
        return concurrency
    compiler.problem((*path, "concurrency"), f"'concurrency' must be a whole number from 1 to {MOST_AT_ONCE}.")
    return 1


def _visit(scope: Scope, nodes: int, path: Path) -> None:
    try:
        scope.meter.visit(nodes)
    except LogicError as error:
        raise error.at(path) from None


def _listed(value: Any, path: Path) -> Sequence[Any]:
    if type(value) is list:
        return value
    raise LogicError("invalid_input", "'each' must be an array.", path=path)


def _counted(value: Any, path: Path) -> Sequence[Any]:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or value < 0:
        raise LogicError("invalid_input", "'times' must be a whole number of at least 0.", path=path)
    return range(min(value, 1 << 31))


async def _side_by_side(once: Callable[[Any], Awaitable[Any]], elements: Sequence[Any], most: int) -> list[Any]:
    """Results in the elements' order; the first error ends the others."""
    results: list[Any] = [None] * len(elements)
    ahead = iter(enumerate(elements))

    async def work() -> None:
        for at, element in ahead:
            results[at] = await once(element)

    workers = [asyncio.ensure_future(work()) for _ in range(min(most, len(elements)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return results


def _failure(code: Any, message: Any, path: Path) -> LogicError:
    for name, value in (("code", code), ("message", message)):
        if not isinstance(value, str) or not value:
            return LogicError("invalid_input", f"'{name}' must be a text that is not empty.", path=(*path, name))
    return LogicError("author_error", message, path=path, details={"code": code})
