"""Calls of core's functions as nodes: what they yield is measured, made elsewhere if large, and never an accident."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from structlog.testing import capture_logs

from libs.logic.budget import Budget
from libs.logic.core.registry import Library, Text, Value
from libs.logic.errors import LogicError
from libs.logic.nodes.functions import value_of
from libs.logic.program import compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Scope
from tests.logic.fake_host import FakeHost

SOURCE = {"@type": "reference", "operation": "source"}

broken = Library()


@broken.action("broken.text", "Broken", output={})
def broken_text(string: Annotated[Text, "The text."]) -> None:
    """Fails."""
    raise ZeroDivisionError(string)


@broken.action("broken.deep", "Too deep", output={})
def broken_deep(value: Annotated[Value, "The value."]) -> None:
    """Goes too deep."""
    raise RecursionError


async def test_a_function_that_fails_is_an_error_of_its_input_and_told_to_the_operator(
    make_scope: Callable[..., Scope],
) -> None:
    with capture_logs() as logs, pytest.raises(LogicError) as caught:
        await value_of(broken["broken.text"], {"string": "s3cret"}, make_scope())
    assert caught.value.code == "invalid_input"
    assert caught.value.message == "'broken.text' can't work with its input (ZeroDivisionError)."
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert logs == [
        {"event": "function_failed", "function": "broken.text", "error": "ZeroDivisionError", "log_level": "error"}
    ]


async def test_a_stack_that_runs_out_is_left_to_the_program(make_scope: Callable[..., Scope]) -> None:
    with pytest.raises(RecursionError):
        await value_of(broken["broken.deep"], {"value": 1}, make_scope())


async def test_a_large_result_of_a_small_input_is_made_in_a_process_and_is_the_same(
    pool: SandboxPool, make_scope: Callable[..., Scope]
) -> None:
    node = {"@type": "action", "service": "core", "action": "array.repeat", "input": SOURCE}
    scope = make_scope({"value": ["a"], "times": 50_000}, host=FakeHost(pool))
    assert await compile_node(node).evaluate(scope) == [["a"]] * 50_000
    assert scope.meter.cpu_left_s < Budget().cpu_s


async def test_what_a_function_yields_counts_as_data(make_scope: Callable[..., Scope]) -> None:
    call = {"@type": "action", "service": "core", "action": "string.repeat", "input": {"string": "a", "times": 900}}
    scope: Any = make_scope(budget=Budget(data_bytes=2_000))
    with pytest.raises(LogicError) as caught:
        await compile_node([call, call, call]).evaluate(scope)
    assert caught.value.details == {"budget": "data"}
    assert caught.value.path == (2,)
