"""Every way in which an execution is refused or fails, and what the caller is told."""

import asyncio
from typing import Any

import pytest

from tests.executor.conftest import Api
from tests.runtime.provider import Provider
from tests.runtime.world import World

TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}


def script(text: str) -> dict[str, Any]:
    return {"@type": "script", "script": text}


@pytest.fixture
def crm(world: World) -> str:
    service = world.add_service("crm")
    world.add_action(service, "ping", "pong")
    return service


async def test_a_user_is_required_and_must_exist(api: Api, crm: str) -> None:
    node = {"@type": "action", "service": "crm", "action": "ping"}
    missing = await api.ask("POST", "/v1/execute", json=node)
    assert missing.refusal == (400, "invalid_request")
    assert missing.body["details"][0]["path"] == "userId"
    assert (await api.ask("POST", "/v1/execute?userId=nobody", json=node)).refusal == (404, "user_not_found")
    assert (await api.ask("POST", "/v1/service/crm/action/ping/execute", json={})).status == 400


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"@type": "script", "service": "crm"}, {"", "service"}),
        ({"@type": "odd", "service": "crm", "action": "ping"}, {"@type"}),
        ({"service": "crm", "action": "ping"}, {"@type"}),
        ({"@type": "action"}, {"service", "action"}),
        ({"@type": "action", "service": "", "action": 3}, {"service", "action"}),
        ({"@type": "action", "service": "x" * 300, "action": "ping"}, {"service"}),
        ({"@type": "action", "service": "crm", "action": "ping", "input": [1]}, {"input"}),
        ({"@type": "action", "service": "crm", "action": "ping", "odd": 1, "version": 2}, {"odd", "version"}),
        ({"@type": "action", "service": "crm", "action": "ping", "credentials": {"a": 1}}, {"credentials"}),
        ({"@type": "action", "service": "crm", "action": "ping", "userCredentialId": 7}, {"userCredentialId"}),
        ([], {""}),
        ("text", {""}),
    ],
)
async def test_a_malformed_node_is_refused_with_every_failure(api: Api, crm: str, body: Any, paths: set[str]) -> None:
    answer = await api.ask("POST", "/v1/execute?userId=ann", json=body)
    assert answer.refusal == (400, "invalid_request")
    assert {detail["path"] for detail in answer.body["details"]} == paths
    assert "x-execution-id" not in answer.headers


async def test_an_input_that_is_no_object_is_refused(api: Api, crm: str) -> None:
    answer = await api.ask("POST", "/v1/service/crm/action/ping/execute?userId=ann", json=[1])
    assert answer.refusal == (400, "invalid_request")


async def test_an_input_is_checked_before_anything_runs(api: Api, world: World, crm: str, provider: Provider) -> None:
    schema = {"variables": [{"title": "to", "type": "string", "x-required": True}, {"title": "n", "type": "integer"}]}
    node = {"@type": "http", "method": "POST", "url": provider.url, "auth": "none"}
    world.add_action(crm, "send", node, schema=schema)
    node_answer = await api.execute("crm", "send", {"n": "one"})
    raw_answer = await api.run("crm", "send", {"n": "one"})
    assert node_answer.refusal == raw_answer.refusal == (400, "invalid_input")
    assert {detail["path"] for detail in node_answer.body["details"]} == {"input.to", "input.n"}
    assert {detail["path"] for detail in raw_answer.body["details"]} == {"to", "n"}
    assert provider.seen == []
    assert (await api.ask("GET", "/v1/execution")).body == []


async def test_what_is_not_there_is_404(api: Api, crm: str) -> None:
    assert (await api.execute("nowhere", "ping")).refusal == (404, "service_not_found")
    assert (await api.execute("crm", "nothing")).refusal == (404, "action_not_found")
    assert (await api.run("crm", "nothing")).refusal == (404, "action_not_found")


async def test_an_action_without_logic_is_422(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "empty", None)
    assert (await api.execute("crm", "empty")).refusal == (422, "no_logic")


@pytest.mark.parametrize(
    ("node", "status", "code"),
    [
        (TOKEN, 409, "credential_required"),
        ({"@type": "reference", "operation": "platformServiceVariable", "variable": "key"}, 409, "variable_missing"),
        ({"@type": "action", "service": "nowhere", "action": "ping"}, 404, "not_found"),
        ({"@type": "action", "service": "crm", "action": "ping", "input": [1]}, 400, "invalid_input"),
        ({"@type": "http", "method": "GET", "url": "http://10.0.0.1/", "auth": "none"}, 422, "egress_denied"),
        ({"@type": "http", "method": "GET", "url": "ftp://example.com/", "auth": "none"}, 400, "invalid_input"),
        ({"@type": "action", "service": "crm", "action": "failing"}, 422, "budget_exceeded"),
        (script("throw new Error('no way')"), 422, "script_error"),
        (script("return () => 1"), 422, "script_error"),
        (script("const a = []; while (true) a.push('x'.repeat(1000000) + a.length)"), 422, "budget_exceeded"),
    ],
)
async def test_a_failed_execution_says_why_and_where(
    api: Api, world: World, crm: str, node: Any, status: int, code: str
) -> None:
    world.set_variables(crm, "key")
    world.add_action(crm, "failing", node)
    answer = await api.execute("crm", "failing")
    assert answer.refusal == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["path"][0] == "execute"
    assert answer.body["executionId"] == answer.headers["x-execution-id"]
    row = await api.history(answer)
    assert (row["status"], row["error"]["code"]) == ("failed", code)
    assert row["error"]["message"] == answer.body["error"]


async def test_a_credential_that_is_not_the_users_is_409(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "who", TOKEN)
    of_bob = world.add_credential("bob", crm, "token-of-bob")
    assert (await api.execute("crm", "who", userCredentialId=of_bob)).refusal == (409, "credential_invalid")


async def test_a_providers_refusal_carries_its_status_and_body(
    api: Api, world: World, crm: str, provider: Provider
) -> None:
    provider.status, provider.answer = 403, {"why": "no scope"}
    world.add_action(crm, "me", {"@type": "http", "method": "GET", "url": provider.url, "auth": "none"})
    answer = await api.execute("crm", "me")
    assert answer.refusal == (422, "http_error")
    assert answer.body["status"] == 422
    assert answer.body["cause"]["status"] == 403
    assert "no scope" in answer.body["cause"]["body"]


async def test_a_provider_that_does_not_answer_is_504(api: Api, world: World, crm: str, provider: Provider) -> None:
    provider.silent = True
    node = {"@type": "http", "method": "GET", "url": provider.url, "auth": "none", "timeout": 0.05}
    world.add_action(crm, "slow", node)
    assert (await api.execute("crm", "slow")).refusal == (504, "timeout")


async def test_a_script_that_throws_tells_its_line_and_what_it_printed(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "loud", script("console.log('so far so good')\nthrow new Error('but no further')"))
    answer = await api.execute("crm", "loud")
    assert "but no further" in answer.body["error"]
    assert answer.body["cause"]["scriptLine"] == 2
    assert any("so far so good" in line for line in answer.body["console"])


async def test_no_answer_tells_a_secret(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "tell", script("console.log(service.token); throw new Error('x ' + service.token)"))
    world.add_credential("ann", crm, "token-of-ann")
    answer = await api.execute("crm", "tell")
    assert answer.status == 422
    assert "token-of-ann" not in str(answer.body)


async def test_an_owner_that_is_down_is_503_and_never_a_wrong_answer(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "who", TOKEN)
    world.add_credential("ann", crm, "token-of-ann")
    world.down.add("find-credential")
    answer = await api.execute("crm", "who")
    assert answer.refusal == (503, "owner_down")
    assert (await api.execute("crm", "ping")).body == "pong"
    world.down.clear()
    assert (await api.execute("crm", "who")).body == "token-of-ann"


async def test_a_script_that_loops_for_ever_slows_nobody(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "loop", script("while (true) {}"))
    world.add_action(crm, "quick", script("return 'quick'"))
    while len(api.sandbox.pids) < 2:  # it grows while scripts wait for one another
        await asyncio.gather(*(api.execute("crm", "quick") for _ in range(4)))
    looping = asyncio.create_task(api.execute("crm", "loop"))
    answered = 0
    while not looping.done():
        assert (await api.execute("crm", "ping")).body == "pong"
        assert (await api.execute("crm", "quick")).body == "quick"
        answered += 1
    assert (await looping).refusal == (422, "budget_exceeded")
    assert answered > 10
