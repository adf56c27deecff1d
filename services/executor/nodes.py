"""Nodes that a client sends to be executed: compiled, held against what a request can have, and kept for the next."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from libs.common.errors import Detail, invalid, invalid_request
from libs.logic.compiler import TYPE
from libs.logic.errors import InvalidLogic
from libs.logic.program import Program, compile_node
from services.executor.models import NodeRequest

# A larger node is compiled in a thread, so that it holds nobody up, and is not kept.
_SMALL_BYTES = 16 << 10
_MOST_KEPT = 500


class NodePrograms:
    """Compiles nodes; those of repeated requests once, each platform's for itself."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, bytes], Program] = OrderedDict()

    async def of(self, platform_id: str, request: NodeRequest) -> Program:
        """Raises Invalid with everything that is wrong."""
        if len(request.raw) > _SMALL_BYTES:
            return await asyncio.to_thread(_compiled, request.node)
        key = (platform_id, request.raw)
        program = self._kept.get(key)
        if program is None:
            program = self._kept[key] = _compiled(request.node)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return program


def type_of(node: dict[str, Any] | list[Any]) -> str:
    """What the history calls it."""
    return str(node[TYPE]) if isinstance(node, dict) and TYPE in node else type(node).__name__


def _compiled(node: dict[str, Any] | list[Any]) -> Program:
    try:
        program = compile_node(node)
    except InvalidLogic as error:
        details = [Detail(".".join(map(str, problem.path)), problem.message) for problem in error.problems]
        raise invalid_request(details, "node") from None
    if program.is_literal:
        place = TYPE if isinstance(node, dict) else ""
        raise invalid(place, f"the body holds no node; give it an {TYPE!r}, such as 'action'")
    details = list(_out_of_place(program))
    if details:
        raise invalid_request(details, "node")
    return program


def _out_of_place(program: Program) -> Iterator[Detail]:
    """References to what only a component or an automation has."""
    for variable in program.variables:
        yield Detail(".".join(map(str, variable.path)), "belongs to a service, and this is of none; call an action")
    for step in program.steps:
        yield Detail(".".join(map(str, step.path)), "names a step of an automation, and a request has none")
