from typing import Any

import pytest

from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.provider import Provider
from tests.runtime.world import World

TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}


def get(url: str, **members: Any) -> dict[str, Any]:
    return {"@type": "http", "method": "GET", "url": url, **members}


@pytest.fixture
def crm(world: World) -> str:
    return world.add_service("crm")


async def refused(execute: Execute, action: str, **options: Any) -> LogicError:
    with pytest.raises(LogicError) as failed:
        await execute("crm", action, **options)
    return failed.value


async def test_the_users_token_is_applied(execute: Execute, world: World, crm: str, provider: Provider) -> None:
    world.add_action(crm, "me", get(f"{provider.url}/me"))
    world.add_credential("ann", crm, "token-of-ann", hosts=("127.0.0.1",))
    answer = await execute("crm", "me")
    assert answer["status"] == 200
    assert answer["body"]["authorization"] == "Bearer token-of-ann"


async def test_a_token_in_the_query_is_applied(execute: Execute, world: World, crm: str, provider: Provider) -> None:
    world.add_action(crm, "me", get(f"{provider.url}/me", query={"a": "1"}))
    world.add_credential("ann", crm, "token/of+ann", query={"key": "token/of+ann"})
    await execute("crm", "me")
    assert provider.seen[0].query == {"a": "1", "key": "token/of+ann"}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"auth": "none", "headers": {"X-Token": TOKEN}},
        {"auth": "none", "query": {"token": TOKEN}},
        {"auth": "none", "method": "POST", "json": {"token": TOKEN}},
    ],
)
async def test_a_token_goes_to_no_host_but_its_own(
    execute: Execute, world: World, crm: str, provider: Provider, members: dict[str, Any]
) -> None:
    world.add_action(crm, "leak", get(f"{provider.url}/leak", **members))
    world.add_credential("ann", crm, "token/of+ann", hosts=("api.example.com", "*.example.org"))
    error = await refused(execute, "leak")
    assert error.code == "egress_denied"
    assert "apply.hosts" in error.message
    assert provider.seen == []


async def test_a_script_can_not_carry_the_token_elsewhere(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    script = f"return (await $.axios.post('{provider.url}/leak', {{t: service.token}})).data"
    world.add_action(crm, "leak", {"@type": "script", "script": script})
    world.add_credential("ann", crm, "token-of-ann", hosts=("api.example.com",))
    assert (await refused(execute, "leak")).code == "egress_denied"
    assert provider.seen == []


async def test_a_request_without_the_token_may_go_anywhere(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    world.add_action(crm, "ask", [{"t": TOKEN}, get(f"{provider.url}/open", auth="none")])
    world.add_credential("ann", crm, "token-of-ann", hosts=("api.example.com",))
    assert (await execute("crm", "ask"))[1]["body"]["authorization"] is None


async def test_a_redirect_elsewhere_takes_no_token_along(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    other = Provider()
    await other.start()
    provider.location = f"{other.url}/landed"
    world.add_action(crm, "me", get(f"{provider.url}/redirect"))
    world.add_credential("ann", crm, "token-of-ann", hosts=("127.0.0.1",))
    answer = await execute("crm", "me")
    await other.close()
    assert answer["body"]["path"] == "/landed"
    assert answer["body"]["authorization"] is None


async def test_private_addresses_are_refused(execute: Execute, world: World, crm: str) -> None:
    world.add_action(crm, "metadata", get("http://169.254.169.254/latest", auth="none"))
    error = await refused(execute, "metadata")
    assert error.code == "egress_denied"
    assert error.details["rule"] == "metadata"


async def test_a_provider_that_is_not_there_is_an_http_error(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    await provider.close()
    world.add_action(crm, "gone", get(f"{provider.url}/", auth="none"))
    error = await refused(execute, "gone")
    assert error.code == "http_error"
    assert error.details["reason"] == "connect"


async def test_a_refusal_carries_the_providers_status_and_body(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    provider.status, provider.answer = 429, {"why": "slow down"}
    world.add_action(crm, "busy", get(f"{provider.url}/", auth="none"))
    error = await refused(execute, "busy")
    assert error.code == "http_error"
    assert error.details["status"] == 429
    assert "slow down" in error.details["body"]


async def test_an_answer_over_the_budget_names_it(execute: Execute, world: World, crm: str, provider: Provider) -> None:
    provider.answer = "x" * 10_000
    world.add_action(crm, "large", get(f"{provider.url}/", auth="none"))
    error = await refused(execute, "large", response_bytes=5_000)
    assert error.code == "budget_exceeded"
    assert error.details["budget"] == "response"


async def test_answers_side_by_side_share_one_budget(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    provider.answer = "x" * 10_000
    world.add_action(
        crm, "many", {"@type": "repeat", "times": 9, "concurrency": 9, "do": get(provider.url, auth="none")}
    )
    assert len(await execute("crm", "many", data_bytes=9 * 10_002)) == 9
    error = await refused(execute, "many", data_bytes=9 * 10_001)
    assert error.code == "budget_exceeded"
    assert error.details["budget"] == "data"


async def test_a_request_that_takes_too_long_times_out(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    provider.silent = True
    world.add_action(crm, "slow", get(f"{provider.url}/", auth="none", timeout=0.05))
    assert (await refused(execute, "slow")).code == "timeout"


async def test_a_script_takes_a_redirect_as_the_answer_when_it_asks_to(
    execute: Execute, world: World, crm: str, provider: Provider
) -> None:
    provider.location = f"{provider.url}/landed"
    script = f"""
        const kept = await fetch('{provider.url}/redirect', {{redirect: 'manual'}})
        const followed = await fetch('{provider.url}/redirect')
        return [kept.status, kept.redirected, followed.status, followed.redirected, followed.url]
    """
    world.add_action(crm, "go", {"@type": "script", "script": script})
    assert await execute("crm", "go") == [302, False, 200, True, f"{provider.url}/landed"]
