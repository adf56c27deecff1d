"""Testing logic: one place in a row's logic, run with the input that its author gives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from libs.common.contracts.catalog import Kind
from libs.common.errors import Conflict, Invalid, NotFound, ServiceError, Unprocessable, invalid
from libs.logic.compiler import CallKey
from libs.logic.errors import InvalidLogic, LogicError
from libs.logic.program import Program, aside, compile_node
from libs.logic.scope import Bound, Scope
from libs.runtime.bindings import Actor
from libs.runtime.components import bound_names
from libs.runtime.host import Runtime
from libs.runtime.problems import problem_of
from services.executor.clients import LogicClient
from services.executor.models import Asker, LogicTest

_LISTED = 20


class LogicTests:
    """The verb on a row's logic. What runs leaves no history: its author is told everything at once."""

    def __init__(self, runtime: Runtime, logic: LogicClient) -> None:
        self._runtime = runtime
        self._logic = logic

    async def run(self, asker: Asker, test: LogicTest) -> bytes:
        """The result as JSON. Raises NotFound, Invalid for the path, and Unprocessable or TimedOut for what failed."""
        service, logic = await self._logic.of(asker, test)
        node = _at(logic.logic, test)
        program = await aside(partial(_program, node, test, bound_names(logic.bound)), node)
        host = self._runtime.host(Actor(asker.platform_id, asker.user, test.credential_id), service)
        try:
            scope = await host.scope(program, test.data)
            _show(scope, test)
            return orjson.dumps(program.run(scope) if program.is_sync else await program.evaluate(scope))
        except LogicError as error:
            raise _told(problem_of(error, host.blotter(), host.console.lines)) from None


def _at(logic: dict[str, Any], test: LogicTest) -> Any:
    """The node at the end of the path. Raises Invalid, saying what there is instead."""
    node: Any = logic
    for index, part in enumerate(test.path):
        if not _has(node, part):
            raise invalid(f"{test.path_member}.{index}", f"leads nowhere; {_there_is(node)}")
        node = node[part]
    return node


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, dict):
        return part in node
    return isinstance(node, list) and isinstance(part, int) and 0 <= part < len(node)


def _there_is(node: Any) -> str:
    if isinstance(node, dict):
        return f"there is {', '.join(map(str, list(node)[:_LISTED])) or 'nothing'}"
    return f"there is a list of {len(node)}" if isinstance(node, list) else "there is a value that has no members"


def _program(node: Any, test: LogicTest, bound: Mapping[CallKey, Bound]) -> Program:
    try:
        return compile_node(node, path=test.path, bound=bound)
    except InvalidLogic as error:
        raise invalid(test.path_member, f"this logic can't be run; save it anew: {error}") from None


def _show(scope: Scope, test: LogicTest) -> None:
    """What hooks see beside their input: in events and triggers that is a notification, or goes with one."""
    if test.kind in (Kind.EVENT, Kind.TRIGGER):
        scope.notification = test.data
    scope.state = test.state


def _told(problem: ServiceError) -> ServiceError:
    """Whatever the logic met is the author's to mend here, so it is 422 where an execution would tell a client more."""
    if isinstance(problem, Invalid | NotFound | Conflict):
        return Unprocessable(problem.code, problem.message, extra=problem.extra)
    return problem
