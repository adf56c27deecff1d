"""An action's variables are refreshed: by its hook, by the datatype of the variable needed next, or as they are."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from tests.executor.conftest import Answer, Api
from tests.runtime.world import World

SOURCE = {"@type": "reference", "operation": "source", "path": []}
PROJECT = {"title": "project", "x-dataType": "JiraProject", "x-required": True, "type": "object"}
ISSUE_TYPE = {
    "title": "issueType",
    "x-dataType": "JiraIssueType",
    "x-dataTypeVersion": "0",
    "x-default-input-type": "chooser",
    "x-onChange": {"refreshVariables": True},
}
SUMMARY = {"title": "summary", "type": "string", "maxLength": 5}
EPIC, BUG = ({"id": id, "name": name} for id, name in (("10002", "Epic"), ("10004", "Bug")))


def script(text: str) -> dict[str, Any]:
    return {"@type": "script", "script": text}


def step(entry: dict[str, Any], value: Any) -> dict[str, Any]:
    return {**entry, "value": value}


@pytest.fixture
def jira(world: World) -> str:
    service = world.add_service("jira")
    world.add_action(service, "create", SOURCE, schema={"variables": [PROJECT, ISSUE_TYPE, SUMMARY]})
    choices = "const all = { 10000: [{ label: 'Epic', value: { id: '10002', name: 'Epic' } }] }\n"
    world.add(
        service,
        Kind.DATATYPE,
        "JiraIssueType",
        {"values": script(choices + "return { data: all[input.data.project.id] ?? [] }")},
        schema={
            "valuesLogicInput": {
                "type": "object",
                "required": ["project"],
                "additionalProperties": False,
                "properties": {"project": {"type": "object", "required": ["id"]}},
            }
        },
    )
    return service


async def refresh(api: Api, body: Any, *, action: str = "create", query: str = "") -> Answer:
    path = f"/v1/service/jira/action/{action}/refreshVariables?userId=ann{query}"
    return await api.ask("POST", path, json=body)


async def test_the_variable_needed_next_gets_its_choices(api: Api, jira: str) -> None:
    body = {"step": [step(PROJECT, {"id": "10000"}), step(SUMMARY, "hi")], "targetField": "issueType"}
    answer = await refresh(api, body)
    assert answer.status == 200
    assert answer.body["input"] == body
    choices = [{"label": "Epic", "value": EPIC}]
    assert answer.body["output"] == {
        "variables": [
            step(PROJECT, {"id": "10000"}),
            {**ISSUE_TYPE, "x-choices": choices},
            step(SUMMARY, "hi"),
        ]
    }
    row = await api.history(answer)
    assert (row["kind"], row["name"], row["hook"]) == ("datatype", "JiraIssueType", "values")


@pytest.mark.parametrize(
    ("chosen", "kept"), [(EPIC, True), (BUG, False), ([EPIC], True), ([EPIC, BUG], False), (None, False), ([], True)]
)
async def test_a_value_that_is_no_choice_any_more_is_left_out(api: Api, jira: str, chosen: Any, kept: bool) -> None:
    steps = [step(PROJECT, {"id": "10000"}), step(ISSUE_TYPE, chosen)]
    answer = await refresh(api, {"step": steps, "targetField": "issueType"})
    assert ("value" in answer.body["output"]["variables"][1]) is kept


async def test_a_value_given_by_hand_need_not_be_a_choice(api: Api, world: World, jira: str) -> None:
    entry = {**ISSUE_TYPE, "title": "free", "x-default-input-type": "custom"}
    world.add_action(jira, "custom", SOURCE, schema={"variables": [PROJECT, entry]})
    steps = [step(PROJECT, {"id": "10000"}), step(entry, BUG)]
    answer = await refresh(api, {"step": steps, "targetField": "free"}, action="custom")
    assert answer.body["output"]["variables"][1]["value"] == BUG


async def test_a_value_that_does_not_fit_its_schema_is_left_out(api: Api, jira: str) -> None:
    steps = [step(PROJECT, "10000"), step(SUMMARY, "too long for it")]
    answer = await refresh(api, {"step": steps, "targetField": "summary"})
    assert answer.body["output"] == {"variables": [PROJECT, ISSUE_TYPE, SUMMARY]}
    assert "x-execution-id" not in answer.headers


async def test_the_schema_is_the_actions_own_whatever_a_client_sends(api: Api, jira: str) -> None:
    forged = {"title": "issueType", "x-dataType": "Another", "x-label": {"en": "forged"}}
    answer = await refresh(api, {"step": [step(PROJECT, {"id": "1"}), forged], "targetField": "issueType"})
    assert answer.body["output"]["variables"][1] == {**ISSUE_TYPE, "x-choices": []}


async def test_what_a_datatype_needs_first_is_named(api: Api, jira: str) -> None:
    answer = await refresh(api, {"step": [], "targetField": "issueType"})
    assert answer.refusal == (400, "invalid_input")
    assert [detail["path"] for detail in answer.body["details"]] == ["step.project"]


async def test_a_datatype_that_is_not_there_is_named(api: Api, jira: str) -> None:
    answer = await refresh(api, {"step": [], "targetField": "project"})
    assert answer.refusal == (404, "datatype_not_found")
    assert "JiraProject" in answer.body["error"]


async def test_a_datatype_is_picked_by_its_version_and_before_that_by_its_id(api: Api, world: World, jira: str) -> None:
    for version in ("1.0.0", "2.0.0"):
        world.add(jira, Kind.DATATYPE, "Size", {"values": [{"label": version, "value": version}]}, version=version)
    entries = [
        {"title": "one", "x-dataType": "Size", "x-dataTypeVersion": "2.0.0"},
        {"title": "other", "x-dataType": "Nothing", "x-dataTypeId": world.components[-1].row_id},
        {"name": "older", "required": True, "schema": {"x-dataType": "Size", "type": "string"}},
        {"title": "several", "type": "array", "items": {"x-dataType": "Size"}},
    ]
    world.add_action(jira, "sizes", SOURCE, schema={"variables": entries})
    for index, (title, expected) in enumerate(
        (("one", "2.0.0"), ("other", "2.0.0"), ("older", "1.0.0"), ("several", "1.0.0"))
    ):
        answer = await refresh(api, {"step": [], "targetField": title}, action="sizes")
        assert answer.body["output"]["variables"][index]["x-choices"] == [{"label": expected, "value": expected}]


async def test_a_refresh_hook_computes_the_variables(api: Api, world: World, jira: str) -> None:
    text = """const project = { title: 'project', type: 'object' }
    return { variables: [project, { title: 'more', type: 'integer', description: input.query.targetField },
      { title: 'fixed', value: input.data.project.id }], hint: 'x' }"""
    world.add(jira, Kind.ACTION, "hooked", {"execute": 1, "refresh": script(text)}, schema={"variables": [PROJECT]})
    steps = [step(PROJECT, {"id": "1"}), {"title": "more", "value": "no number"}]
    answer = await refresh(api, {"step": steps, "targetField": "more"}, action="hooked")
    assert answer.body["output"] == {
        "variables": [
            {"title": "project", "type": "object", "value": {"id": "1"}},
            {"title": "more", "type": "integer", "description": "more"},
            {"title": "fixed", "value": "1"},
        ],
        "hint": "x",
    }
    row = await api.history(answer)
    assert (row["kind"], row["name"], row["hook"]) == ("action", "hooked", "refresh")


async def test_a_list_alone_stands_for_the_variables(api: Api, world: World, jira: str) -> None:
    world.add(jira, Kind.ACTION, "hooked", {"refresh": [{"title": "a"}]})
    answer = await refresh(api, {"step": [], "targetField": "a"}, action="hooked")
    assert answer.body["output"] == {"variables": [{"title": "a"}]}


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        (None, "invalid_variables"),
        ({"variables": [{"name": 1}]}, "invalid_variables"),
        ([{"title": "a", "value": 1, "type": "odd"}], "invalid_variables"),
        (script("throw new Error('no')"), "script_error"),
    ],
)
async def test_a_hook_that_answers_something_else_fails(
    api: Api, world: World, jira: str, answered: Any, code: str
) -> None:
    world.add(jira, Kind.ACTION, "hooked", {"refresh": answered})
    answer = await refresh(api, {"step": [], "targetField": "a"}, action="hooked")
    assert answer.refusal == (422, code)
    assert "x-execution-id" in answer.headers


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"step", "targetField"}),
        ({"step": {}, "targetField": 1, "odd": 1}, {"step", "targetField", "odd"}),
        (
            {"step": [1, {"value": 1}, {"title": "a"}, {"title": "a"}], "targetField": ""},
            {"step.0", "step.0.title", "step.1.title", "step.3.title", "targetField"},
        ),
        ({"step": [{"title": "nothing"}], "targetField": "nowhere"}, {"step.0.title", "targetField"}),
    ],
)
async def test_everything_wrong_with_the_body_is_told_at_once(api: Api, jira: str, body: Any, paths: set[str]) -> None:
    answer = await refresh(api, body)
    assert answer.refusal == (400, "invalid_request")
    assert {detail["path"] for detail in answer.body["details"]} == paths


async def test_an_unknown_target_is_told_what_there_is(api: Api, jira: str) -> None:
    answer = await refresh(api, {"step": [], "targetField": "nowhere"})
    assert "project, issueType, summary" in answer.body["error"]


async def test_the_credential_that_is_named_is_used(api: Api, world: World, jira: str) -> None:
    token = {"@type": "reference", "operation": "token", "path": ["token"]}
    world.add(jira, Kind.DATATYPE, "JiraProject", {"values": [{"label": "x", "value": token}]})
    id = world.add_credential("ann", jira, "first-token")
    world.add_credential("ann", jira, "second-token")
    body = {"step": [], "targetField": "project"}
    for query, token in ((f"&userCredentialId={id}", "first-token"), ("", "second-token")):
        answer = await refresh(api, body, query=query)
        assert answer.body["output"]["variables"][0]["x-choices"][0]["value"] == token


async def test_an_action_that_is_not_there_is_404(api: Api, jira: str) -> None:
    answer = await refresh(api, {"step": [], "targetField": "x"}, action="nothing")
    assert answer.refusal == (404, "action_not_found")
