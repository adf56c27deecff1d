"""Literals, references and the budgets of evaluating them."""

import gc
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from libs.logic.blotting import Blotter
from libs.logic.budget import Budget
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.scope import Credential, Scope
from libs.logic.values import exceeds, parse

SOURCE = {"@type": "reference", "operation": "source"}
TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}


def test_a_filled_object_keeps_the_order_of_its_members(make_scope: Callable[..., Scope]) -> None:
    node = {"z": SOURCE, "a": 1, "m": [SOURCE, 2]}
    assert list(compile_node(node).run(make_scope(5)).items()) == [("z", 5), ("a", 1), ("m", [5, 2])]


def test_evaluating_twice_gives_results_of_their_own(make_scope: Callable[..., Scope]) -> None:
    program = compile_node({"a": SOURCE})
    assert program.run(make_scope(1)) == {"a": 1}
    assert program.run(make_scope(2)) == {"a": 2}


async def test_a_program_of_data_can_be_awaited_too(make_scope: Callable[..., Scope]) -> None:
    assert await compile_node([SOURCE]).evaluate(make_scope("x")) == ["x"]


def test_a_missing_credential_is_named_with_the_node(make_scope: Callable[..., Scope]) -> None:
    with pytest.raises(LogicError) as caught:
        compile_node({"a": [TOKEN]}).run(make_scope())
    assert (caught.value.code, caught.value.path) == ("credential_required", ("a", 0))


def test_the_hosts_own_credential_error_is_the_one_raised(make_scope: Callable[..., Scope]) -> None:
    error = LogicError("credential_invalid", "Reconnect your account.")
    with pytest.raises(LogicError) as caught:
        compile_node(TOKEN).run(make_scope(credential_error=error))
    assert (caught.value.code, caught.value.message) == ("credential_invalid", "Reconnect your account.")


def test_a_required_variable_without_value_is_named(make_scope: Callable[..., Scope]) -> None:
    node = {"@type": "reference", "operation": "platformServiceVariable", "variable": "client_id"}
    with pytest.raises(LogicError) as caught:
        compile_node(node).run(make_scope(missing_variables=frozenset({"client_id"})))
    assert caught.value.code == "variable_missing"
    assert "'client_id'" in caught.value.message


def test_a_credential_never_shows_its_secrets() -> None:
    credential = Credential(id="1", token="canary-token", headers={"A": "canary-header"}, secrets={"key": "canary-key"})
    assert "canary" not in repr(credential)


@pytest.mark.parametrize(
    ("rule", "target", "allowed"),
    [
        ("api.example.com", "api.example.com", True),
        ("api.example.com", "API.example.com", True),
        ("api.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "evilexample.com", False),
        ("*.example.com", "example.com.evil.org", False),
    ],
)
def test_a_credential_goes_only_to_its_hosts(rule: str, target: str, allowed: bool) -> None:
    assert Credential(id="1", hosts=(rule,)).may_go_to(target) is allowed


def budget_of(caught: pytest.ExceptionInfo[LogicError]) -> Any:
    assert caught.value.code == "budget_exceeded"
    return caught.value.details["budget"]


def test_too_many_nodes_end_with_that_budgets_name(make_scope: Callable[..., Scope]) -> None:
    program = compile_node([SOURCE] * 20)
    with pytest.raises(LogicError) as caught:
        program.run(make_scope(1, budget=Budget(nodes=21)))
    assert budget_of(caught) == "nodes"
    assert program.run(make_scope(1, budget=Budget(nodes=22))) == [1] * 20


def test_a_part_repeated_until_the_result_is_too_large_is_refused(make_scope: Callable[..., Scope]) -> None:
    program = compile_node([SOURCE] * 100)
    with pytest.raises(LogicError) as caught:
        program.run(make_scope(["x" * 100_000]))
    assert budget_of(caught) == "output"


def test_a_result_nested_too_deeply_to_be_written_is_refused(make_scope: Callable[..., Scope]) -> None:
    deep: Any = 1
    for _ in range(249):
        deep = [deep]
    assert compile_node([SOURCE]).run(make_scope(deep))
    with pytest.raises(LogicError) as caught:
        compile_node([[[SOURCE]]]).run(make_scope(deep))
    assert budget_of(caught) == "output"


def test_a_size_is_measured_in_bytes() -> None:
    assert not exceeds({"a": "x" * 90}, 100)
    assert exceeds({"a": "x" * 100}, 100)
    assert exceeds({"a": "é" * 60}, 100)
    assert exceeds([1] * 100, 100)


def test_json_that_is_too_deep_is_not_let_in() -> None:
    assert parse(b"[" * 200 + b"]" * 200)
    with pytest.raises(ValueError, match="nested deeper"):
        parse(b"[" * 300 + b"]" * 300)


@pytest.mark.parametrize("text", [b"[" * 250 + b"]" * 250, b'{"a":' * 250 + b"1" + b"}" * 250])
def test_the_deepest_json_is_let_in_and_what_is_one_deeper_is_not(text: bytes) -> None:
    assert orjson.dumps(parse(text)) == text
    with pytest.raises(ValueError, match="nested deeper"):
        parse(b"[" + text + b"]")


def test_brackets_in_a_text_are_not_levels() -> None:
    assert parse(orjson.dumps("[{" * 300)) == "[{" * 300


def test_garbage_is_not_looked_for_while_a_large_text_is_parsed() -> None:
    text = b"[" + b"[]," * 100_000 + b"0]"
    before = gc.get_stats()[0]["collections"]
    assert len(parse(text)) == 100_001
    assert gc.get_stats()[0]["collections"] - before < 3
    with pytest.raises(orjson.JSONDecodeError):
        parse(text[:-1])
    assert gc.isenabled()


def test_an_error_tells_no_secret(make_scope: Callable[..., Scope]) -> None:
    error = LogicError("http_error", "sent s3cret-value", details={"body": ["has s3cret-value"], "status": 1})
    error.blot(Blotter(["s3cret-value"], "[secret]"))
    assert error.to_dict() == {
        "code": "http_error",
        "message": "sent [secret]",
        "path": [],
        "details": {"body": ["has [secret]"], "status": 1},
    }
