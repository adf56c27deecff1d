"""Checks as their service sees them: whether scripts and expressions can be parsed, which runs none of them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, TypeVar

from libs.logic.compiler import ExpressionSource, ScriptSource
from libs.logic.errors import LogicError, Problem
from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call, fault_of
from libs.logic.sandbox.computations import thrown
from libs.logic.sandbox.processes import ProcessPool
from libs.logic.sandbox.shares import Shares

Source = TypeVar("Source", ScriptSource, ExpressionSource)

# CPU time for all scripts, and for all expressions, of what is saved.
_LONGEST_S = 2.0


class Checked(NamedTuple):
    problem: Problem | None
    used_s: float


class ScriptCheck(Call):
    """Ends with Checked."""

    def __init__(self, script: ScriptSource, tenant: str, call_id: int, shares: Shares) -> None:
        super().__init__(call_id, frames.CHECK, script.text.encode("utf-8", "replace"), None, shares, tenant)
        self._script = script

    def receive(self, kind: int, body: bytes, answer: Callable[[bytes], None]) -> None:
        problem = None if kind == frames.PASSED else self._problem(body)
        self.finish(Checked(problem, frames.used_s(body)))

    def overran(self) -> None:
        problem = Problem(self._script.path, "the script takes too long to compile; write a shorter one")
        self.finish(Checked(problem, self.longest_turn_s))

    def _problem(self, body: bytes) -> Problem:
        message, position = fault_of(body, self.body)
        return Problem(self._script.path, message, position.get("script_line"), position.get("script_column"))


class ExpressionCheck(Call):
    """Ends with Checked."""

    def __init__(self, expression: ExpressionSource, tenant: str, call_id: int, shares: Shares) -> None:
        super().__init__(call_id, frames.CHECK, expression.text.encode("utf-8", "replace"), None, shares, tenant)
        self._expression = expression

    def receive(self, kind: int, body: bytes, answer: Callable[[bytes], None]) -> None:
        if kind in (frames.DONE, frames.THREW):
            problem = _problem(self._expression, thrown(body[frames.CPU.size :])) if kind == frames.THREW else None
            self.finish(Checked(problem, frames.used_s(body)))
        else:
            self.overran()

    def overran(self) -> None:
        told = "The expression takes too much time or memory to be parsed; write a shorter one."
        self.finish(Checked(Problem(self._expression.path, told), self.longest_turn_s))


async def problems_of(
    pool: ProcessPool, make_check: Callable[[Source, str, int, Shares], Call], sources: Iterable[Source], tenant: str
) -> list[Problem]:
    """Checks one after another for as long as there is time for it. Raises LogicError when the pool can't just now."""
    problems: list[Problem] = []
    left_s = _LONGEST_S
    for source in sources:
        checked: Checked = await pool.outcome(partial(make_check, source, tenant))
        if checked.problem is not None:
            problems.append(checked.problem)
        left_s -= checked.used_s
        if left_s < 0:
            told = f"Up to here checking took more than {_LONGEST_S:g} s; write less, or shorter."
            return [*problems, Problem(source.path, told)]
    return problems


def _problem(expression: ExpressionSource, error: LogicError) -> Problem:
    """With line and column from the position in the text, which is that of the last character read."""
    position = error.details.get("position")
    if position is None:
        return Problem(expression.path, error.message)
    before = expression.text[:position]
    line_start = before.rfind("\n") + 1
    return Problem(expression.path, error.message, before.count("\n") + 1, max(position - line_start, 1))
