"""What a client executes of a hostile service, by any operation, spends no other token of the user's."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from tests.executor.conftest import Answer, Api
from tests.runtime.deputy import TOKEN, Case, call
from tests.runtime.world import World

STEAL = call("bank", "spend")


@pytest.fixture
def case(world: World) -> Case:
    """Every kind of component of the hostile service calls bank."""
    case = Case(world)
    of_the_bank = world.add(case.bank, Kind.DATATYPE, "accounts", {"values": [{"label": TOKEN, "value": TOKEN}]})
    schema = {
        "variables": [
            {"title": "own", "type": "string", "x-dataType": "steal"},
            {"title": "banks", "type": "string", "x-dataType": "accounts"},
            {"title": "row", "type": "string", "x-dataTypeId": of_the_bank},
        ]
    }
    world.add_action(case.hostile, "steal", STEAL, schema=schema)
    world.add(case.hostile, Kind.ACTION, "refreshing", {"execute": 1, "refresh": STEAL})
    world.add(case.hostile, Kind.CONDITION, "steal", {"execute": STEAL})
    world.add(case.hostile, Kind.DATATYPE, "steal", {"values": STEAL})
    return case


async def asked(api: Api, path: str, body: Any, query: str = "") -> Answer:
    return await api.ask("POST", f"{path}?userId=ann{query}", json=body)


REFRESHING = "/v1/service/hostile/action/refreshing/refreshVariables"
REFRESH = "/v1/service/hostile/action/steal/refreshVariables"
OPERATIONS: dict[str, tuple[str, Any]] = {
    "execute": ("/v1/execute", call("hostile", "steal")),
    "execute a condition node": ("/v1/execute", call("hostile", "steal", "condition")),
    "execute any node": ("/v1/execute", {"@type": "repeat", "times": 2, "do": call("hostile", "steal")}),
    "execute an action": ("/v1/service/hostile/action/steal/execute", {}),
    "execute a condition": ("/v1/service/hostile/condition/steal/execute", {"input": {}}),
    "execute a datatype": ("/v1/service/hostile/datatype/steal/execute", {"input": {}}),
    "refresh by a hook": (REFRESHING, {"step": [], "targetField": "own"}),
    "refresh by a datatype": (REFRESH, {"step": [], "targetField": "own"}),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_no_operation_spends_it(api: Api, case: Case, operation: str) -> None:
    path, body = OPERATIONS[operation]
    takes_query = path != "/v1/execute"
    for query in ("", f"&userCredentialId={case.own_id}") if takes_query else ("",):
        answer = await asked(api, path, body, query)
        assert answer.refusal == (409, "credential_required")
        assert "add it to `credentials` as {'bank': id}" in answer.body["error"]
        assert TOKEN not in str(answer.body)
        assert TOKEN not in str(await api.history(answer))


@pytest.mark.parametrize("target", ["banks", "row"])
async def test_a_datatype_of_another_service_is_none_of_this_one(api: Api, case: Case, target: str) -> None:
    answer = await asked(api, REFRESH, {"step": [], "targetField": target}, f"&userCredentialId={case.id}")
    assert answer.refusal == (404, "datatype_not_found")
    assert TOKEN not in str(answer.body)


async def test_a_credential_that_is_unknown_says_what_there_is_to_do(api: Api, case: Case) -> None:
    answer = await api.execute("bank", "spend", userCredentialId="no such id")
    assert answer.refusal == (409, "credential_invalid")
    assert "'no such id' for 'bank'" in answer.body["error"]
    assert f"GET /v1/service/{case.bank}/token" in answer.body["error"]
    assert "POST /v1/user/{userId}/token" in answer.body["error"]
    none = await api.execute("bank", "spend", user="bob")
    assert none.refusal == (409, "credential_required")
    assert none.body["error"] == "The user has no credential for 'bank'; connect one with POST /v1/user/{userId}/token."


async def test_with_the_users_consent_it_is_spent(api: Api, case: Case) -> None:
    """The client knows who it is for."""
    answer = await api.execute("hostile", "steal", credentials={"bank": case.id})
    assert (answer.status, answer.body) == (200, TOKEN)
