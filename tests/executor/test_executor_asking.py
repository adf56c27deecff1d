"""Datatypes and conditions are executed: what a field can be chosen from, and whether something holds."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from tests.executor.conftest import Answer, Api
from tests.runtime.provider import Provider
from tests.runtime.world import World

SOURCE = {"@type": "reference", "operation": "source", "path": []}
TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}
CALENDARS = [{"label": "Birthdays", "value": "b"}, {"label": "Holidays", "value": {"id": "h"}}]


@pytest.fixture
def crm(world: World) -> str:
    return world.add_service("crm")


async def execute(api: Api, kind: str, name: str, body: Any = None, query: str = "") -> Answer:
    return await api.ask("POST", f"/v1/service/crm/{kind}/{name}/execute?userId=ann{query}", json=body or {})


async def test_a_datatype_answers_its_choices(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.DATATYPE, "calendar", {"values": {"data": CALENDARS}})
    answer = await execute(api, "datatype", "calendar", {"input": {"a": 1}})
    assert (answer.status, answer.body) == (200, {"input": {"a": 1}, "output": {"data": CALENDARS}})
    row = await api.history(answer)
    assert (row["kind"], row["hook"], row["name"], row["warnings"]) == ("datatype", "values", "calendar", [])


async def test_a_datatype_may_have_its_logic_under_execute(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.DATATYPE, "calendar", {"execute": {"data": []}})
    assert (await execute(api, "datatype", "calendar")).body == {"input": {}, "output": {"data": []}}


async def test_a_list_alone_stands_for_the_choices(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.DATATYPE, "calendar", {"values": CALENDARS})
    assert (await execute(api, "datatype", "calendar")).body["output"] == {"data": CALENDARS}


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        (None, {""}),
        ({"items": []}, {""}),
        ([{"label": "x"}, {"value": 1}, "bare", {"label": "y", "value": "y"}], {"data.0", "data.1", "data.2"}),
        ([{"label": "x", "value": 7}], {"data.0.value"}),
    ],
)
async def test_odd_choices_are_answered_and_warned_of(
    api: Api, world: World, crm: str, values: Any, warned: set[str]
) -> None:
    world.add(crm, Kind.DATATYPE, "calendar", {"values": values}, schema={"data": {"type": "string"}})
    answer = await execute(api, "datatype", "calendar")
    assert answer.body["output"] == ({"data": values} if isinstance(values, list) else values)
    assert {each["path"] for each in (await api.history(answer))["warnings"]} == warned


async def test_a_datatypes_input_is_checked_as_it_declares_it(api: Api, world: World, crm: str) -> None:
    project = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    schema = {"valuesLogicInput": {"type": "object", "properties": {"project": project}, "required": ["project"]}}
    world.add(crm, Kind.DATATYPE, "issueType", {"values": SOURCE}, schema=schema)
    refused = await execute(api, "datatype", "issueType", {"input": {"project": {}}})
    assert refused.refusal == (400, "invalid_input")
    assert [detail["path"] for detail in refused.body["details"]] == ["input.project.id"]
    assert (await execute(api, "datatype", "issueType", {"input": {"project": {"id": "1"}}})).status == 200


async def test_a_datatype_uses_the_credential_that_is_named(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.DATATYPE, "account", {"values": [{"label": "me", "value": TOKEN}]})
    first = world.add_credential("ann", crm, "first-token")
    world.add_credential("ann", crm, "second-token")
    answer = await execute(api, "datatype", "account", query=f"&userCredentialId={first}")
    assert answer.body["output"]["data"][0]["value"] == "first-token"


@pytest.mark.parametrize(
    ("value", "holds"), [(1, True), ("no", True), ([], True), ({}, True), (0, False), ("", False), (None, False)]
)
async def test_a_condition_holds_or_not(api: Api, world: World, crm: str, value: Any, holds: bool) -> None:
    world.add(crm, Kind.CONDITION, "odd", {"execute": value})
    answer = await execute(api, "condition", "odd", {"input": {"a": 1}})
    assert (answer.status, answer.body) == (200, {"input": {"a": 1}, "output": holds})
    row = await api.history(answer)
    assert (row["kind"], row["hook"], row["output"]) == ("condition", "execute", holds)


async def test_a_conditions_value_is_held_against_its_schema_as_it_comes(api: Api, world: World, crm: str) -> None:
    for name, value in (("count", 3), ("text", "3")):
        world.add(crm, Kind.CONDITION, name, {"execute": value}, schema={"output": {"type": "integer"}})
    assert (await api.history(await execute(api, "condition", "count")))["warnings"] == []
    assert len((await api.history(await execute(api, "condition", "text")))["warnings"]) == 1


async def test_an_action_can_ask_a_condition(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.CONDITION, "large", {"execute": SOURCE | {"path": ["n"]}})
    asked = {"@type": "condition", "service": "crm", "condition": "large", "input": SOURCE}
    world.add_action(crm, "pick", {"@type": "if", "condition": asked, "then": "large", "else": "small"})
    assert (await api.execute("crm", "pick", {"n": 1})).body == "large"
    assert (await api.execute("crm", "pick", {"n": 0})).body == "small"


@pytest.mark.parametrize("kind", ["datatype", "condition"])
async def test_what_is_not_there_or_has_no_logic_is_refused(api: Api, world: World, crm: str, kind: str) -> None:
    world.add(crm, Kind(kind), "empty", {})
    world.add(crm, Kind(kind), "draft", {"execute": 1}, published=False)
    assert (await execute(api, kind, "nothing")).refusal == (404, f"{kind}_not_found")
    assert (await execute(api, kind, "draft")).refusal == (404, f"{kind}_not_found")
    assert (await execute(api, kind, "empty")).refusal == (422, "no_logic")
    assert (await execute(api, kind, "empty", {"input": 1, "odd": 2})).refusal == (400, "invalid_request")


async def test_a_condition_may_be_asked_by_the_platform_itself(api: Api, world: World, crm: str) -> None:
    world.add(crm, Kind.CONDITION, "odd", {"execute": True})
    world.add(crm, Kind.CONDITION, "known", {"execute": TOKEN})
    answer = await api.ask("POST", "/v1/service/crm/condition/odd/execute", json={})
    assert answer.body["output"] is True
    row = await api.history(answer)
    assert (row["userId"], row["kind"]) == (None, "condition")
    assert (await api.ask("GET", f"/v1/execution/{row['id']}?userId=ann")).status == 404
    refused = await api.ask("POST", "/v1/service/crm/condition/known/execute", json={})
    assert refused.refusal == (409, "credential_required")


async def test_the_same_idempotency_key_runs_once(api: Api, world: World, crm: str, provider: Provider) -> None:
    asks = {"@type": "http", "method": "POST", "url": provider.url, "auth": "none"}
    row = world.add(crm, Kind.CONDITION, "asks", {"execute": asks})
    world.add(crm, Kind.DATATYPE, "lists", {"values": asks})
    world.add(crm, Kind.ACTION, "fills", {"refresh": [{"title": "a", "value": asks}]})
    service = "/v1/service/crm"
    for path, body in (
        (f"{service}/condition/asks/execute", {}),
        (f"{service}/datatype/lists/execute", {}),
        (f"{service}/action/fills/refreshVariables", {"step": [], "targetField": "a"}),
        ("/v1/test/logic", {"table": "ConditionVersion", "id": row, "source": ["execute"]}),
        ("/v1/execute", [asks]),
    ):
        provider.seen.clear()
        headers = {"Idempotency-Key": path}
        answers = [await api.ask("POST", f"{path}?userId=ann", json=body, headers=headers) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200], path
        assert answers[0].body == answers[1].body
        assert len(provider.seen) == 1, path
