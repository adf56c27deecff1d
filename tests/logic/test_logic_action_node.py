"""Nested actions: found by the host, run under the same meter, their errors seen from outside."""

from collections.abc import Callable

import pytest

from libs.logic.budget import Budget
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.scope import Credential, Scope
from tests.logic.fake_host import FakeHost

SOURCE = {"@type": "reference", "operation": "source"}


def action(name: str, **members: object) -> dict[str, object]:
    return {"@type": "action", "service": "crm", "action": name, **members}


async def test_a_nested_action_gets_its_input_and_answers_its_output(
    host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    host.components["echo"] = compile_node({"got": SOURCE})
    node = {"a": action("echo", input={"x": SOURCE}, serviceVersion="1.0.0", userCredentialId="c1")}
    assert await compile_node(node).evaluate(make_scope(5)) == {"a": {"got": {"x": 5}}}
    [call] = host.calls
    assert (call.service, call.service_version, call.user_credential_id) == ("crm", "1.0.0", "c1")


async def test_nothing_of_the_callers_credential_or_variables_is_inherited(
    host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    host.components["peek"] = compile_node({"@type": "reference", "operation": "token", "path": ["token"]})
    scope = make_scope(credential=Credential(id="1", token="of the caller"))
    with pytest.raises(LogicError) as caught:
        await compile_node(action("peek")).evaluate(scope)
    assert caught.value.code == "credential_required"


async def test_an_unknown_action_is_named_at_the_nodes_path(host: FakeHost, make_scope: Callable[..., Scope]) -> None:
    with pytest.raises(LogicError) as caught:
        await compile_node([action("nope")]).evaluate(make_scope())
    assert (caught.value.code, caught.value.path) == ("not_found", (0,))


async def test_an_error_within_keeps_its_code_and_tells_both_places(
    host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    host.components["outer"] = compile_node([action("inner")], path=("execute",))
    host.components["inner"] = compile_node({"a": {"@type": "reference", "operation": "token"}}, path=("execute",))
    with pytest.raises(LogicError) as caught:
        await compile_node({"x": action("outer")}).evaluate(make_scope())
    error = caught.value
    assert (error.code, error.path) == ("credential_required", ("x",))
    assert error.details["within"]["path"] == ["execute", 0]
    assert error.details["within"]["within"]["path"] == ["execute", "a"]


async def test_a_cycle_of_actions_ends_by_depth_with_its_chain(
    host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    host.components["again"] = compile_node(action("again"))
    with pytest.raises(LogicError) as caught:
        await compile_node(action("again")).evaluate(make_scope())
    assert caught.value.details["budget"] == "depth"
    assert "crm/again → crm/again" in caught.value.message


async def test_nested_actions_share_one_meter(host: FakeHost, make_scope: Callable[..., Scope]) -> None:
    host.components["many"] = compile_node([SOURCE] * 10)
    with pytest.raises(LogicError) as caught:
        await compile_node([action("many")] * 3).evaluate(make_scope(budget=Budget(nodes=30)))
    assert caught.value.details["budget"] == "nodes"


async def test_a_credential_id_that_is_not_text_is_refused(make_scope: Callable[..., Scope]) -> None:
    with pytest.raises(LogicError) as caught:
        await compile_node(action("a", userCredentialId=5)).evaluate(make_scope())
    assert caught.value.path == ("userCredentialId",)
