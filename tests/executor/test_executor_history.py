from typing import Any

import pytest

from tests.executor.conftest import Answer, Api, Running
from tests.runtime.world import World

TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}
SOURCE = {"@type": "reference", "operation": "source", "path": []}


@pytest.fixture
def crm(world: World) -> str:
    service = world.add_service("crm", public=True)
    world.add_action(service, "echo", SOURCE)
    world.add_action(service, "who", TOKEN)
    return service


async def rows(api: Api, query: str = "", **options: Any) -> list[Any]:
    answer = await api.ask("GET", f"/v1/execution{query}", **options)
    assert answer.status == 200
    return list(answer.body)


async def test_every_execution_leaves_a_row(api: Api, crm: str, world: World) -> None:
    answer = await api.execute("crm", "echo", {"a": 1})
    row = await api.history(answer)
    grant = world.components[0]
    assert row["id"] == answer.headers["x-execution-id"]
    assert (row["kind"], row["status"], row["userId"]) == ("action", "succeeded", "ann")
    assert (row["service"], row["serviceId"]) == ("crm", crm)
    assert (row["name"], row["componentId"], row["rowId"]) == ("echo", grant.identity, grant.row_id)
    assert row["version"] == "1.0.0"
    assert row["startedAt"] <= row["finishedAt"]
    assert row["durationMs"] >= 0
    assert (row["inputSize"], row["outputSize"]) == (len(b'{"a":1}'), len(b'{"a":1}'))
    assert (row["input"], row["output"]) == ({"a": 1}, {"a": 1})
    assert (row["error"], row["warnings"], row["console"], row["steps"]) == (None, [], [], [])


async def test_a_failed_one_keeps_its_error_and_input(api: Api, crm: str) -> None:
    row = await api.history(await api.execute("crm", "who", {"a": 1}))
    assert row["status"] == "failed"
    assert row["error"]["code"] == "credential_required"
    assert row["error"]["path"] == ["execute"]
    assert (row["input"], row["output"]) == ({"a": 1}, None)


async def test_lists_are_newest_first_without_payloads(api: Api, crm: str) -> None:
    made = [(await api.execute("crm", "echo", {"n": n})).headers["x-execution-id"] for n in range(5)]
    found = await rows(api)
    assert [row["id"] for row in found] == made[::-1]
    assert "input" not in found[0]


async def test_lists_are_narrowed_by_user_and_status(api: Api, crm: str) -> None:
    of_ann = await api.execute("crm", "echo")
    of_bob = await api.execute("crm", "who", user="bob")
    assert [row["id"] for row in await rows(api, "?userId=bob")] == [of_bob.headers["x-execution-id"]]
    assert [row["id"] for row in await rows(api, "?status=succeeded")] == [of_ann.headers["x-execution-id"]]
    assert await rows(api, "?userId=ann&status=failed") == []
    unknown = await api.ask("GET", "/v1/execution?status=odd")
    assert unknown.refusal == (400, "invalid_request")
    assert (await api.ask("GET", "/v1/execution?userId=nobody")).refusal == (404, "user_not_found")


async def test_lists_are_paged(api: Api, crm: str) -> None:
    made = [(await api.execute("crm", "echo")).headers["x-execution-id"] for _ in range(5)]
    path, seen = "/v1/execution?limit=2", []
    while path:
        page = await api.ask("GET", path)
        seen += [row["id"] for row in page.body]
        link = page.headers.get("Link", "")
        path = link.partition("<")[2].partition(">")[0]
    assert seen == made[::-1]


async def test_a_row_is_seen_by_its_own_user_and_platform_alone(api: Api, crm: str) -> None:
    id = (await api.execute("crm", "echo")).headers["x-execution-id"]
    assert (await api.ask("GET", f"/v1/execution/{id}?userId=ann")).status == 200
    assert (await api.ask("GET", f"/v1/execution/{id}?userId=bob")).refusal == (404, "execution_not_found")
    assert (await api.ask("GET", f"/v1/execution/{id}", key="globex-key")).refusal == (404, "execution_not_found")
    assert (await api.ask("GET", "/v1/execution/nothing")).refusal == (404, "execution_not_found")
    assert await rows(api, key="globex-key") == []


async def test_no_secret_is_written_down(api: Api, world: World, crm: str) -> None:
    script = "console.log(service.token, service.vars.key); return [service.token, service.vars.pin, input.data]"
    world.add_action(crm, "tell", {"@type": "script", "script": script})
    world.add_credential("ann", crm, "token-of-ann")
    world.set_variables(crm, key="the-platforms-key", pin="77", nested={"deep": ["a-deep-secret"]})
    answer = await api.execute("crm", "tell", {"note": "Bearer token-of-ann", "n": 77, "deep": "a-deep-secret"})
    assert answer.body[:2] == ["token-of-ann", "77"]
    row = await api.history(answer)
    assert row["output"] == ["***", "***", {"note": "***", "n": 77, "deep": "***"}]
    assert row["input"] == {"note": "***", "n": 77, "deep": "***"}
    assert row["console"] != []
    for secret in ("token-of-ann", "the-platforms-key"):
        assert secret not in str(row)


async def test_a_secret_of_a_nested_action_is_not_written_down_either(api: Api, world: World, crm: str) -> None:
    outer = world.add_service("outer")
    world.add_action(outer, "ask", {"@type": "action", "service": "crm", "action": "who"})
    id = world.add_credential("ann", crm, "token-of-ann")
    answer = await api.execute("outer", "ask", userCredentialId=id)
    assert answer.body == "token-of-ann"
    assert (await api.history(answer))["output"] == "***"


async def test_payloads_are_kept_only_where_that_is_set(running: Running, crm: str) -> None:
    async with running(execution_record_payloads=False) as api:
        row = await api.history(await api.execute("crm", "echo", {"a": 1}))
    assert (row["input"], row["output"], row["console"]) == (None, None, [])
    assert row["inputSize"] == len(b'{"a":1}')


async def test_an_output_that_breaks_the_schema_is_a_warning(api: Api, world: World, crm: str) -> None:
    schema = {"output": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    world.add_action(crm, "checked", SOURCE, schema=schema)
    assert (await api.history(await api.execute("crm", "checked", {"n": 1})))["warnings"] == []
    answer = await api.execute("crm", "checked", {"n": "one"})
    assert answer.status == 200
    assert [warning["path"] for warning in (await api.history(answer))["warnings"]] == ["n"]


async def test_what_was_printed_is_kept(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "loud", {"@type": "script", "script": "console.log('one', 2); return 1"})
    row = await api.history(await api.execute("crm", "loud"))
    assert len(row["console"]) == 1
    assert "one" in row["console"][0]


async def test_an_execution_rerun_under_its_key_is_the_same_one(api: Api, world: World, crm: str) -> None:
    world.add_credential("ann", crm, "token-of-ann")
    world.down.add("find-credential")

    async def ask() -> Answer:
        node = {"@type": "action", "service": "crm", "action": "who"}
        return await api.ask("POST", "/v1/execute?userId=ann", json=node, headers={"Idempotency-Key": "k"})

    failed = await ask()
    assert failed.status == 503
    assert [row["status"] for row in await rows(api)] == ["failed"]
    world.down.clear()
    succeeded = await ask()
    assert succeeded.headers["x-execution-id"] == failed.headers["x-execution-id"]
    assert [row["status"] for row in await rows(api)] == ["succeeded"]
