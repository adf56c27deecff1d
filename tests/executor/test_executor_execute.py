from typing import Any

import pytest

from tests.executor.conftest import Api
from tests.runtime.provider import Provider
from tests.runtime.world import World, say, service_changed

GREETING = {"hello": {"@type": "reference", "operation": "source", "path": ["name"]}}
TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}


def script(text: str) -> dict[str, Any]:
    return {"@type": "script", "language": "javascript", "script": text}


@pytest.fixture
def crm(world: World) -> str:
    service = world.add_service("crm")
    world.add_action(service, "greet", GREETING)
    return service


async def test_execute_answers_the_bare_output(api: Api, crm: str) -> None:
    answer = await api.execute("crm", "greet", {"name": "Ann"})
    assert (answer.status, answer.body) == (200, {"hello": "Ann"})
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_execute_action_answers_input_and_output(api: Api, crm: str) -> None:
    answer = await api.run("crm", "greet", {"name": "Ann"})
    assert (answer.status, answer.body) == (200, {"input": {"name": "Ann"}, "output": {"hello": "Ann"}})


async def test_everything_is_addressed_by_name_identity_or_row_id(api: Api, world: World, crm: str) -> None:
    grant = world.components[0]
    for service in ("crm", crm):
        for action in ("greet", grant.identity, grant.row_id):
            assert (await api.execute(service, action, {"name": "x"})).status == 200


async def test_a_script_answers_what_its_javascript_returns(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "add", script("return input.data.a + input.data.b"))
    assert (await api.execute("crm", "add", {"a": 1, "b": 2})).body == 3
    assert (await api.run("crm", "add", {"a": "1", "b": "2"})).body["output"] == "12"


async def test_an_http_action_calls_the_provider_with_the_users_token(
    api: Api, world: World, crm: str, provider: Provider
) -> None:
    world.add_action(crm, "me", {"@type": "http", "method": "GET", "url": f"{provider.url}/me"})
    world.add_credential("ann", crm, "token-of-ann", hosts=("127.0.0.1",))
    answer = await api.execute("crm", "me")
    assert answer.body["body"]["authorization"] == "Bearer token-of-ann"


async def test_a_credential_is_picked_by_id(api: Api, world: World, crm: str) -> None:
    world.add_action(crm, "who", TOKEN)
    first = world.add_credential("ann", crm, "first-token")
    world.add_credential("ann", crm, "second-token")
    assert (await api.execute("crm", "who")).body == "second-token"
    assert (await api.execute("crm", "who", userCredentialId=first)).body == "first-token"
    assert (await api.execute("crm", "who", user_credential_id=first)).body == "first-token"
    assert (await api.execute("crm", "who", credentials={"crm": first})).body == "first-token"
    assert (await api.run("crm", "who", query=f"&userCredentialId={first}")).body["output"] == "first-token"


async def test_versions_are_picked_by_name(api: Api, world: World, crm: str) -> None:
    for version in ("1.0.0", "2.0.0"):
        world.add_action(crm, "versioned", version, version=version)
    assert (await api.execute("crm", "versioned", serviceVersion="2.0.0")).body == "2.0.0"
    assert (await api.execute("crm", "versioned", actionVersion="2.0.0")).body == "2.0.0"
    assert (await api.execute("crm", "versioned", serviceVersion=None)).body == "1.0.0"
    assert (await api.execute("crm", "versioned", serviceVersion="9")).refusal == (404, "action_not_found")


async def test_a_draft_is_executed_by_its_row_id_alone(api: Api, world: World, crm: str) -> None:
    row = world.add_action(crm, "draft", "secretly", published=False)
    assert (await api.execute("crm", row)).body == "secretly"
    assert (await api.execute("crm", "draft")).refusal == (404, "action_not_found")


async def test_what_changed_in_the_catalog_is_what_runs(api: Api, world: World, crm: str) -> None:
    assert (await api.execute("crm", "sing")).refusal == (404, "action_not_found")
    world.add_action(crm, "sing", "la")
    await say(api.engines.bus, service_changed(crm, "crm"))
    assert (await api.execute("crm", "sing")).body == "la"


async def test_another_platforms_service_does_not_exist_here(api: Api, crm: str) -> None:
    node = {"@type": "action", "service": crm, "action": "greet"}
    foreign = await api.ask("POST", "/v1/execute?userId=eve", key="globex-key", json=node)
    assert foreign.refusal == (404, "service_not_found")
    path = f"/v1/service/{crm}/action/greet/execute?userId=eve"
    assert (await api.ask("POST", path, key="globex-key", json={})).refusal == (404, "service_not_found")


async def test_a_public_service_runs_for_every_platform_with_its_own_tokens(api: Api, world: World) -> None:
    shared = world.add_service("shared", public=True)
    world.add_action(shared, "who", TOKEN)
    world.add_credential("ann", shared, "token-of-ann")
    node = {"@type": "action", "service": "shared", "action": "who"}
    assert (await api.execute("shared", "who")).body == "token-of-ann"
    foreign = await api.ask("POST", "/v1/execute?userId=eve", key="globex-key", json=node)
    assert foreign.refusal == (409, "credential_required")


async def test_a_disabled_service_executes_nothing(api: Api, world: World) -> None:
    service = world.add_service("off", enabled=False)
    world.add_action(service, "x", 1)
    assert (await api.execute("off", "x")).refusal == (409, "service_disabled")
    assert (await api.run("off", "x")).refusal == (409, "service_disabled")


async def test_a_hot_action_is_executed_without_asking_anybody(api: Api, world: World, crm: str) -> None:
    await api.execute("crm", "greet", {"name": "Ann"})
    before = dict(world.asked)
    await api.execute("crm", "greet", {"name": "Ann"})
    assert dict(world.asked) == before


async def test_the_same_idempotency_key_executes_once(api: Api, world: World, crm: str, provider: Provider) -> None:
    world.add_action(crm, "post", {"@type": "http", "method": "POST", "url": provider.url, "auth": "none"})
    node = {"@type": "action", "service": "crm", "action": "post"}
    answers = [
        await api.ask("POST", "/v1/execute?userId=ann", json=node, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert answers[0].body == answers[1].body
    assert len(provider.seen) == 1
    assert len((await api.ask("GET", "/v1/execution")).body) == 1
