"""What of a component's or version's logic would not run, found when it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from libs.common.errors import Detail, Unavailable, invalid_request
from libs.logic.compiler import ExpressionSource, ScriptSource
from libs.logic.errors import LogicError, Problem
from libs.logic.program import Findings, aside, examine_hooks

MOST_TEXTS = 200
MOST_CALLED = 500


class SyntaxCheck(Protocol):
    """Finds syntax errors without running what it is given; raises LogicError when it can't just now."""

    async def check_syntax(self, scripts: Sequence[ScriptSource], tenant: str) -> list[Problem]: ...

    async def check_expressions(self, expressions: Sequence[ExpressionSource], tenant: str) -> list[Problem]: ...


class LogicCheck:
    """Compiles hooks as they will be compiled to run, and has their scripts and expressions parsed."""

    def __init__(self, sandbox: SyntaxCheck) -> None:
        self._sandbox = sandbox

    async def failures(self, logic: dict[str, Any], hooks: tuple[str, ...], platform_id: str) -> list[Detail]:
        """Everything that is wrong, with paths under `logic`; parsed on the platform's share of the sandbox.

        Raises Unavailable while no sandbox is free and nothing wrong is known yet.
        """
        unknown = [
            Detail(f"logic.{hook}", f"unknown hook; use {', '.join(hooks)}") for hook in logic if hook not in hooks
        ]
        found = await aside(partial(examine_hooks, logic), logic)
        failures = [*unknown, *map(_detail, found.problems), *_too_many(found)]
        try:
            problems = await self._sandbox.check_syntax(found.scripts[:MOST_TEXTS], platform_id)
            problems += await self._sandbox.check_expressions(found.expressions[:MOST_TEXTS], platform_id)
        except LogicError as error:
            if failures:
                return failures
            raise Unavailable("sandbox_unavailable", error.message, retry_after_s=1) from None
        return [*failures, *map(_detail, problems)]


def refuse(failures: Sequence[Detail]) -> None:
    """Raises Invalid with all of them, if there are any."""
    if failures:
        raise invalid_request(failures, "body")


def _too_many(found: Findings) -> Iterator[Detail]:
    if len(found.called) > MOST_CALLED:
        told = f"calls {len(found.called)} different actions and conditions, more than {MOST_CALLED}; call fewer"
        yield Detail("logic", told)
    for texts, kind in ((found.scripts, "scripts"), (found.expressions, "expressions")):
        if len(texts) > MOST_TEXTS:
            yield Detail("logic", f"holds {len(texts)} {kind}, more than {MOST_TEXTS}; write fewer")


def _detail(problem: Problem) -> Detail:
    place = f" (line {problem.line}, column {problem.column})" if problem.line is not None else ""
    return Detail(".".join(("logic", *map(str, problem.path))), f"{problem.message}{place}")
