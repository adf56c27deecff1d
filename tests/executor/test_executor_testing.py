"""A place in a row's logic is run as its author asks, and what fails is told whole."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind, LogicGrant
from tests.executor.conftest import Answer, Api
from tests.runtime.provider import Provider
from tests.runtime.world import World

SOURCE = {"@type": "reference", "operation": "source", "path": []}
TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}
STATE = {"@type": "reference", "operation": "state", "path": ["id"]}


def script(text: str) -> dict[str, Any]:
    return {"@type": "script", "script": text}


async def trial(
    api: Api,
    row: str,
    *path: str | int,
    table: str = "ActionVersion",
    query: str = "",
    key: str = "acme-key",
    **members: Any,
) -> Answer:
    body = {"table": table, "id": row, "source": [*path] or ["execute"], **members}
    return await api.ask("POST", f"/v1/test/logic{query}", key=key, json=body)


@pytest.fixture
def crm(world: World) -> str:
    return world.add_service("crm")


async def test_the_references_sample_gives_adc(api: Api, world: World, crm: str) -> None:
    text = "const { string, pattern, replacement } = input.data\nreturn string.replace(pattern, replacement)"
    row = world.add_action(crm, "string/replace", script(text), published=False)
    data = {"string": "abc", "pattern": "b", "replacement": "d"}
    for path in (["execute"], [["execute"]]):
        for member in ("source", "record_path", "recordPath"):
            body = {"table": "ActionVersion", "id": row, "data": data, member: path}
            answer = await api.ask("POST", "/v1/test/logic", json=body)
            assert (answer.status, answer.body) == (200, "adc")
    assert (await api.ask("GET", "/v1/execution")).body == []


async def test_a_place_inside_the_logic_is_run_by_itself(api: Api, world: World, crm: str) -> None:
    deep = {"@type": "if", "condition": True, "then": [script("return input.data.n + 1"), "other"]}
    row = world.add_action(crm, "deep", deep)
    assert (await trial(api, row, "execute", "then", 0, data={"n": 1})).body == 2
    assert (await trial(api, row, "execute", "then", data={"n": 1})).body == [2, "other"]
    assert (await trial(api, row, "execute", "then", 1)).body == "other"


@pytest.mark.parametrize(
    ("path", "at", "told"),
    [
        (["nothing"], "source.0", "execute, refresh"),
        (["execute", "else"], "source.1", "then"),
        (["execute", "then", 2], "source.2", "a list of 2"),
        (["execute", "then", "0"], "source.2", "a list of 2"),
        (["execute", "then", 0, "x"], "source.3", "no members"),
    ],
)
async def test_a_path_that_leads_nowhere_is_told_what_there_is(
    api: Api, world: World, crm: str, path: list[str | int], at: str, told: str
) -> None:
    logic = {"execute": {"@type": "if", "condition": True, "then": [1, 2]}, "refresh": []}
    answer = await trial(api, world.add(crm, Kind.ACTION, "a", logic), *path)
    assert answer.refusal == (400, "invalid_request")
    assert answer.body["details"][0]["path"] == at
    assert told in answer.body["error"]


async def test_every_table_is_tested(api: Api, world: World, crm: str) -> None:
    both = {"data": script("return input.data.a"), "notified": script("return notification?.a ?? null"), "state": STATE}
    for table, kind, hook, notified in (
        ("TriggerVersion", Kind.TRIGGER, "delete", 1),
        ("EventVersion", Kind.EVENT, "route", 1),
        ("ConditionVersion", Kind.CONDITION, "execute", None),
        ("DatatypeVersion", Kind.DATATYPE, "values", None),
    ):
        row = world.add(crm, kind, hook, {hook: both}, published=False)
        answer = await trial(api, row, hook, table=table, data={"a": 1}, state={"id": "s"})
        assert answer.body == {"data": 1, "notified": notified, "state": "s"}
        assert (await trial(api, row, hook)).refusal == (404, "row_not_found")
    world.version_logic["v1"] = LogicGrant(service_id=crm, logic={"oauth": SOURCE})
    assert (await trial(api, "v1", "oauth", table="ServiceVersion", data=[1])).body == [1]


async def test_a_failure_is_told_whole(api: Api, world: World, crm: str) -> None:
    text = "console.log('so far')\nthrow new Error('no further')"
    row = world.add_action(crm, "loud", {"deep": [script(text)]})
    answer = await trial(api, row)
    assert answer.refusal == (422, "script_error")
    assert answer.body["path"] == ["execute", "deep", 0]
    assert answer.body["cause"]["scriptLine"] == 2
    assert any("so far" in line for line in answer.body["console"])
    inner = await trial(api, row, "execute", "deep", 0)
    assert inner.body["path"] == ["execute", "deep", 0]


async def test_a_providers_refusal_and_silence_are_told(api: Api, world: World, crm: str, provider: Provider) -> None:
    provider.status, provider.answer = 403, {"why": "no scope"}
    node = {"@type": "http", "method": "GET", "url": provider.url, "auth": "none", "timeout": 0.05}
    row = world.add_action(crm, "me", node)
    answer = await trial(api, row)
    assert answer.refusal == (422, "http_error")
    assert answer.body["cause"]["status"] == 403
    assert "no scope" in answer.body["cause"]["body"]
    provider.silent = True
    assert (await trial(api, row)).refusal == (504, "timeout")


async def test_without_a_user_what_needs_a_credential_fails_saying_so(api: Api, world: World, crm: str) -> None:
    row = world.add_action(crm, "who", TOKEN)
    first = world.add_credential("ann", crm, "first-token")
    world.add_credential("ann", crm, "second-token")
    answer = await trial(api, row)
    assert answer.refusal == (422, "credential_required")
    assert "no user acts" in answer.body["error"]
    assert (await trial(api, row, query="?userId=ann")).body == "second-token"
    assert (await trial(api, row, query=f"?userId=ann&userCredentialId={first}")).body == "first-token"
    assert (await trial(api, row, query="?userId=bob")).refusal == (422, "credential_required")


async def test_only_rows_of_the_own_platform_are_tested(api: Api, world: World) -> None:
    theirs = world.add_service("theirs", platform="globex", public=True)
    row = world.add_action(theirs, "x", 1)
    world.version_logic["v1"] = LogicGrant(service_id=theirs, logic={"oauth": 1})
    assert (await trial(api, row)).refusal == (404, "row_not_found")
    assert (await trial(api, "v1", "oauth", table="ServiceVersion")).refusal == (404, "row_not_found")
    assert (await trial(api, "nothing")).refusal == (404, "row_not_found")
    assert (await trial(api, row, key="globex-key")).body == 1


async def test_a_disabled_service_is_not_tested(api: Api, world: World) -> None:
    row = world.add_action(world.add_service("off", enabled=False), "x", 1)
    assert (await trial(api, row)).refusal == (409, "service_disabled")


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"table", "id", "source"}),
        ({"table": "Odd", "id": 1, "source": "execute", "more": 1}, {"table", "id", "source", "more"}),
        ({"table": "ActionVersion", "id": "x", "source": []}, {"source"}),
        ({"table": "ActionVersion", "id": "x", "source": [["a"], ["b"]]}, {"source"}),
        ({"table": "ActionVersion", "id": "x", "source": ["a"], "record_path": ["b"]}, {"record_path"}),
    ],
)
async def test_everything_wrong_with_the_body_is_told_at_once(api: Api, body: Any, paths: set[str]) -> None:
    answer = await api.ask("POST", "/v1/test/logic", json=body)
    assert answer.refusal == (400, "invalid_request")
    assert {detail["path"].partition(".list")[0] for detail in answer.body["details"]} == paths
