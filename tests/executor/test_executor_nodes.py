"""Any node is executed: its calls are the client's own, its scripts and references have no service."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from tests.executor.conftest import Answer, Api
from tests.runtime.provider import Provider
from tests.runtime.world import World

TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}
SOURCE = {"@type": "reference", "operation": "source", "path": []}


def call(service: str, action: str, **members: Any) -> dict[str, Any]:
    return {"@type": "action", "service": service, "action": action, **members}


async def execute(api: Api, node: Any, **options: Any) -> Answer:
    return await api.ask("POST", "/v1/execute?userId=ann", json=node, **options)


@pytest.fixture
def crm(world: World) -> str:
    service = world.add_service("crm")
    world.add_action(service, "echo", SOURCE)
    world.add_action(service, "who", TOKEN)
    return service


async def test_a_node_answers_its_value(api: Api, crm: str) -> None:
    chosen = {"@type": "if", "condition": call("crm", "echo", input={"a": 1}), "then": "yes", "else": "no"}
    answer = await execute(api, chosen)
    assert (answer.status, answer.body) == (200, "yes")
    row = await api.history(answer)
    assert (row["kind"], row["name"], row["status"]) == ("node", "if", "succeeded")
    assert (row["service"], row["componentId"], row["hook"], row["output"]) == (None, None, None, "yes")


async def test_objects_and_arrays_that_hold_nodes_are_executed(api: Api, crm: str) -> None:
    assert (await execute(api, [call("crm", "echo", input={"n": 1}), 2])).body == [{"n": 1}, 2]
    answer = await execute(api, {"all": {"@type": "script", "script": "return 1 + 1"}, "credentials": 3})
    assert answer.body == {"all": 2, "credentials": 3}


async def test_nodes_nest_in_inputs(api: Api, crm: str) -> None:
    inner = call("crm", "echo", input={"deep": {"@type": "script", "script": "return 'x'"}})
    answer = await execute(api, {"@type": "try", "do": call("crm", "echo", input={"from": inner}), "catch": None})
    assert answer.body == {"from": {"deep": "x"}}


async def test_the_input_of_an_action_that_is_alone_is_data(api: Api, crm: str) -> None:
    data = {"person": {"@type": "Person", "name": "Ann"}}
    assert (await api.execute("crm", "echo", data)).body == data


@pytest.mark.parametrize("body", [{}, {"service": "crm", "action": "echo"}, {"deep": [{"type": "script"}]}])
async def test_what_holds_no_node_is_refused(api: Api, crm: str, body: Any) -> None:
    answer = await execute(api, body)
    assert answer.refusal == (400, "invalid_request")
    assert [detail["path"] for detail in answer.body["details"]] == ["@type"]


async def test_everything_wrong_with_a_node_is_told_at_once(api: Api, crm: str) -> None:
    wrong = {"@type": "if", "then": {"@type": "odd"}, "otherwise": 1, "else": {"@type": "script", "language": "lua"}}
    answer = await execute(api, wrong)
    assert answer.refusal == (400, "invalid_request")
    paths = {detail["path"] for detail in answer.body["details"]}
    assert {"then.@type", "otherwise", "else.language"} <= paths


async def test_a_request_has_no_variables_and_no_steps(api: Api, crm: str) -> None:
    variable = {"@type": "reference", "operation": "platformServiceVariable", "variable": "key"}
    step = {"@type": "reference", "operation": "step", "step": "first", "path": []}
    answer = await execute(api, [variable, {"x": step}])
    assert answer.refusal == (400, "invalid_request")
    assert {detail["path"] for detail in answer.body["details"]} == {"0.variable", "1.x.step"}


async def test_what_a_request_writes_itself_has_no_credential(
    api: Api, world: World, crm: str, provider: Provider
) -> None:
    world.add_credential("ann", crm, "token-of-ann")
    answer = await execute(api, {"@type": "http", "method": "GET", "url": f"{provider.url}/me"})
    assert answer.status == 200
    assert "authorization" not in answer.body["body"] or answer.body["body"]["authorization"] is None
    assert (await execute(api, [TOKEN])).refusal == (409, "credential_required")
    assert (await execute(api, {"@type": "script", "script": "return service.token ?? 'none'"})).body == "none"


async def test_each_action_of_the_request_is_an_outermost_one(api: Api, world: World, crm: str) -> None:
    bank = world.add_service("bank", public=True)
    world.add_action(bank, "who", TOKEN)
    first = world.add_credential("ann", crm, "first-token")
    world.add_credential("ann", crm, "second-token")
    world.add_credential("ann", bank, "bank-token")
    asked = [call("crm", "who"), call("crm", "who", userCredentialId=first), call("bank", "who")]
    assert (await execute(api, asked)).body == ["second-token", "first-token", "bank-token"]


async def test_what_is_called_from_inside_is_nested_as_ever(api: Api, world: World, crm: str) -> None:
    hostile = world.add_service("hostile", platform="globex", public=True)
    bank = world.add_service("bank", public=True)
    world.add_action(bank, "who", TOKEN)
    world.add_action(hostile, "steal", call("bank", "who"))
    world.add_action(hostile, "tricked", {"given": SOURCE, "stolen": call("bank", "who")})
    id = world.add_credential("ann", bank, "bank-token")
    for asked in (
        [call("hostile", "steal")],
        [call("bank", "who"), call("hostile", "steal")],
        [call("bank", "who", userCredentialId=id), call("hostile", "steal")],
        {"@type": "if", "condition": call("bank", "who", userCredentialId=id), "then": call("hostile", "steal")},
        [call("hostile", "tricked", input={"x": call("bank", "who", userCredentialId=id)})],
    ):
        answer = await execute(api, asked)
        assert answer.refusal == (409, "credential_required"), asked
        assert "bank-token" not in str(answer.body)
    named = {"@type": "try", "do": call("hostile", "steal"), "catch": None, "credentials": {"bank": id}}
    assert (await execute(api, named)).body == "bank-token"


async def test_names_are_the_clients_own(api: Api, world: World, crm: str) -> None:
    foreign = world.add_service("foreign", platform="globex")
    off = world.add_service("off", enabled=False)
    world.add_action(foreign, "x", 1)
    world.add_action(off, "x", 1)
    for service in (foreign, "foreign", "nowhere"):
        answer = await execute(api, {"deep": [call(service, "x")]})
        assert answer.refusal == (404, "not_found")
        assert answer.body["path"] == ["deep", 0]
    assert (await execute(api, [call("off", "x")])).refusal == (409, "service_disabled")
    assert (await execute(api, [call("crm", "nothing")])).refusal == (404, "not_found")


async def test_a_scripts_fault_is_told_with_line_and_column(api: Api, crm: str) -> None:
    answer = await execute(api, {"a": {"@type": "script", "script": "const a = 1\nreturn a +* 2"}})
    assert answer.refusal == (422, "script_error")
    assert answer.body["path"] == ["a"]
    assert answer.body["cause"]["scriptLine"] == 2
    assert answer.body["cause"]["scriptColumn"] > 0


async def test_a_large_node_is_executed_too(api: Api, crm: str) -> None:
    many = [{"@type": "if", "condition": True, "then": n} for n in range(2_000)]
    assert (await execute(api, many)).body == list(range(2_000))


async def test_credentials_of_a_node_are_checked(api: Api, crm: str) -> None:
    answer = await execute(api, {"@type": "script", "script": "return 1", "credentials": {"crm": 1}})
    assert answer.refusal == (400, "invalid_request")
    assert answer.body["details"][0]["path"] == "credentials"


async def test_a_condition_can_be_asked_alone(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.CONDITION, "any", {"execute": SOURCE | {"path": ["n"]}})
    node = {"@type": "condition", "service": "crm", "condition": "any", "input": {"n": 0}}
    assert (await execute(api, node)).body is False


async def test_a_node_runs_out_of_its_budget(api: Api, crm: str) -> None:
    inner = {"@type": "repeat", "times": 1_000, "do": {"@type": "reference", "operation": "item", "path": []}}
    answer = await execute(api, {"@type": "repeat", "times": 1_000, "do": inner})
    assert answer.refusal == (422, "budget_exceeded")
    assert answer.body["cause"]["budget"] == "nodes"


async def test_an_error_of_the_authors_own_is_told_as_it_is_written(api: Api, crm: str) -> None:
    answer = await execute(api, [{"@type": "fail", "code": "out_of_stock", "message": "Nothing is left."}])
    assert answer.refusal == (422, "author_error")
    assert (answer.body["path"], answer.body["cause"]["code"]) == ([0], "out_of_stock")
    row = await api.history(answer)
    assert (row["kind"], row["name"], row["error"]["code"]) == ("node", "array", "author_error")
