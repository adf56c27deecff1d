"""Nodes that a client sends to be executed: compiled, and held against what a request can have.

They are compiled anew each time: that takes a tenth of a small request, and what clients send differs in its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

from libs.common.errors import Detail, invalid, invalid_request
from libs.logic.compiler import MOST_PROBLEMS, TYPE
from libs.logic.errors import InvalidLogic
from libs.logic.program import Program, aside, compile_node

Node: TypeAlias = dict[str, Any] | list[Any]


async def compiled(node: Node) -> Program:
    """Raises Invalid with everything that is wrong."""
    return await aside(partial(_compiled, node), node)


def type_of(node: Node) -> str:
    """What the history calls it."""
    if isinstance(node, list):
        return "array"
    return str(node.get(TYPE, "object"))


def _compiled(node: Node) -> Program:
    try:
        program = compile_node(node)
    except InvalidLogic as error:
        details = [Detail(".".join(map(str, each.path)), each.message) for each in error.problems]
        raise invalid_request(details, "node") from None
    if program.is_literal:
        place = TYPE if isinstance(node, dict) else ""
        raise invalid(place, f"the body holds no node; give it an {TYPE!r}, such as 'action'")
    details = list(_out_of_place(program))
    if details:
        raise invalid_request(details[:MOST_PROBLEMS], "node")
    return program


def _out_of_place(program: Program) -> Iterator[Detail]:
    """References to what only a component or an automation has."""
    for variable in program.variables:
        yield Detail(".".join(map(str, variable.path)), "belongs to a service, and this is of none; call an action")
    for step in program.steps:
        yield Detail(".".join(map(str, step.path)), "names a step of an automation, and a request has none")
