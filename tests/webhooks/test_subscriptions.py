"""Subscriptions through the whole product: made, listed, paused, redirected, ended, and to whom they are visible."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.product import Answer, Running
from tests.webhooks.story import Story, hub, subscriber

SUBSCRIBE = "/v1/service/hub/trigger/opened/subscription"
NOWHERE = "http://127.0.0.1:9/hook"
SCHEMA = {
    "variables": [
        {"title": "project", "type": "string", "x-required": True},
        {"title": "size", "type": "integer"},
    ]
}
MEMBERS = {
    "id",
    "platform",
    "service",
    "serviceVersion",
    "userCredentialId",
    "trigger",
    "variables",
    "userId",
    "url",
    "headers",
    "status",
    "insertedAt",
    "updatedAt",
}

UNCALLABLE: tuple[object, ...] = (
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/hook",
    "http://[::ffff:169.254.169.254]/",
    "http://user:secret@example.com/",
    "ftp://example.com/",
    "/hook",
    "http://",
    "https://",
    "",
    7,
)
REFUSED_UPDATES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"headers": {"webhook-id": "1"}}, "headers"),
    ({"headers": {"Host": "x"}}, "headers"),
    ({"headers": {"content-type": "x"}}, "headers"),
    ({"headers": {"a b": "x"}}, "headers"),
    ({"headers": {"a": "x\r\ny: z"}}, "headers"),
    ({"headers": {"a": "x" * 1025}}, "headers"),
    ({"headers": {"a": 1}}, "headers.a"),
    ({"headers": {"A": "1", "a": "2"}}, "headers"),
    ({"headers": {f"h{n}": "" for n in range(21)}}, "headers"),
    ({"headers": None}, "headers"),
    ({"status": "disabled"}, "status"),
    ({"status": None}, "status"),
    ({"secret": "whsec_"}, "secret"),
    ({"state": {}}, "state"),
    ({"url": "http://169.254.169.254/"}, "url"),
)


async def subscribe(product: Running, body: Any = None, *, query: str = "?userId=ada", path: str = SUBSCRIBE) -> Answer:
    return await product.api("POST", f"{path}{query}", json={} if body is None else body)


async def listed(product: Running, user: str = "ada") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await product.ok("GET", f"/v1/subscription?userId={user}")
    return rows


async def row(product: Running, subscription: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await product.ok("GET", f"/v1/subscription/{subscription['id']}?userId=ada")
    return found


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def paths(answer: Answer) -> list[str]:
    return sorted(detail["path"] for detail in answer.body["details"])


@pytest.mark.parametrize("member", ["variables", "variable"])
async def test_subscribing_answers_an_id_and_a_secret_that_is_shown_once(product: Running, member: str) -> None:
    await hub(product)
    answer = await subscribe(product, {"url": NOWHERE, member: {"project": {"id": "test"}}})
    assert answer.status == 201
    assert answer.body.keys() == {"id", "secret"}
    assert answer.body["secret"].startswith("whsec_")
    (found,) = await listed(product)
    assert found.keys() == MEMBERS
    assert found["variables"] == {"project": {"id": "test"}}
    assert found == await row(product, answer.body)
    assert answer.body["secret"] not in str(found)


async def test_a_row_shows_what_was_asked_for(product: Running) -> None:
    story = await hub(product)
    made = await story.subscribe(NOWHERE)
    found = await row(product, made)
    assert {name: found[name] for name in MEMBERS - {"insertedAt", "updatedAt"}} == {
        "id": made["id"],
        "platform": "interactor",
        "service": "hub",
        "serviceVersion": None,
        "userCredentialId": None,
        "trigger": "opened",
        "variables": {},
        "userId": "ada",
        "url": NOWHERE,
        "headers": {},
        "status": "active",
    }


async def test_both_names_of_the_variables_together_are_refused(product: Running) -> None:
    await hub(product)
    assert refusal(await subscribe(product, {"variables": {}, "variable": {}})) == (400, "invalid_request")


async def test_subscribing_to_what_is_not_there_is_404(product: Running) -> None:
    await hub(product)
    for trigger, code in (
        ("nowhere/trigger/opened", "service_not_found"),
        ("hub/trigger/closed", "trigger_not_found"),
        ("hub/trigger/notification", "trigger_not_found"),
    ):
        assert refusal(await subscribe(product, path=f"/v1/service/{trigger}/subscription")) == (404, code)


async def test_a_draft_can_not_be_subscribed_to_by_any_name(product: Running) -> None:
    await hub(product)
    draft = {"name": "draft", "published": False}
    made = await product.ok("POST", "/v1/service/hub/trigger?userId=ada", json=draft)
    for ref in ("draft", made["id"], made["trigger_id"]):
        answer = await subscribe(product, path=f"/v1/service/hub/trigger/{ref}/subscription")
        assert refusal(answer) == (404, "trigger_not_found")


async def test_a_trigger_is_named_by_row_identity_or_name(product: Running) -> None:
    story = await hub(product)
    trigger = await product.ok("GET", "/v1/service/hub/trigger/opened")
    for service in ("hub", story.service_id):
        for ref in ("opened", trigger["id"], trigger["trigger_id"]):
            assert (await subscribe(product, path=f"/v1/service/{service}/trigger/{ref}/subscription")).status == 201
    assert {each["trigger"] for each in await listed(product)} == {"opened"}


async def test_a_disabled_service_takes_no_subscriptions(product: Running) -> None:
    await hub(product)
    await product.ok("PUT", "/v1/service/hub?userId=ada", json={"enabled": False})
    assert refusal(await subscribe(product)) == (409, "service_disabled")


async def test_variables_are_checked_against_the_triggers_schema_all_at_once(product: Running) -> None:
    await hub(product, trigger={"schema": SCHEMA})
    answer = await subscribe(product, {"variables": {"size": "large"}})
    assert refusal(answer) == (400, "invalid_input")
    assert paths(answer) == ["variables.project", "variables.size"]
    assert (await subscribe(product, {"variables": {"project": "p", "size": 3}})).status == 201
    assert len(await listed(product)) == 1


async def test_a_url_that_may_not_be_called_is_refused_with_its_path(product: Running) -> None:
    await hub(product)
    for url in UNCALLABLE:
        answer = await subscribe(product, {"url": url})
        assert (refusal(answer), paths(answer)) == ((400, "invalid_request"), ["url"]), url
    assert await listed(product) == []


async def test_every_failure_of_a_body_is_told_at_once(product: Running) -> None:
    await hub(product)
    answer = await subscribe(product, {"url": 7, "variables": [], "target": "x"})
    assert paths(answer) == ["target", "url", "variables"]


async def test_a_subscription_belongs_to_a_known_user(product: Running) -> None:
    await hub(product)
    body = {"service": "hub", "trigger": "opened"}
    for query, refused in (("", (400, "invalid_request")), ("?userId=nobody", (404, "user_not_found"))):
        assert refusal(await subscribe(product, query=query)) == refused
        assert refusal(await subscribe(product, body, query=query, path="/v1/subscription")) == refused
        assert refusal(await product.api("GET", f"/v1/subscription{query}")) == refused


async def test_only_a_credential_of_the_user_itself_can_be_named(product: Running) -> None:
    await hub(product)
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    await product.ok(
        "POST",
        "/v1/service/hub/security?userId=ada",
        json={"type": "apiKey", "label": {"en": "key"}, "config": {"in": "header", "name": "x-key"}},
    )
    tokens = {
        user: await product.ok("POST", f"/v1/user/{user}/token", json={"serviceId": "hub", "key": {"token": "t"}})
        for user in ("ada", "bob")
    }
    for wrong in (tokens["bob"]["id"], "unknown"):
        answer = await subscribe(product, query=f"?userId=ada&userCredentialId={wrong}")
        assert refusal(answer) == (409, "credential_invalid")
    own = tokens["ada"]["id"]
    assert (await subscribe(product, query=f"?userId=ada&userCredentialId={own}")).status == 201
    (found,) = await listed(product)
    assert found["userCredentialId"] == own


async def test_a_subscription_by_names_answers_200(product: Running) -> None:
    await hub(product)
    body = {"platform": "interactor", "service": "hub", "trigger": "opened", "url": NOWHERE, "variables": {"a": 1}}
    answer = await subscribe(product, body, path="/v1/subscription")
    assert answer.status == 200
    assert answer.body.keys() == {"id", "secret"}
    assert (await row(product, answer.body))["variables"] == {"a": 1}


async def test_a_subscription_by_names_checks_them(product: Running) -> None:
    await hub(product)
    answer = await subscribe(product, {"url": NOWHERE}, path="/v1/subscription")
    assert (answer.status, paths(answer)) == (400, ["service", "trigger"])
    other = {"platform": "somebody", "service": "hub", "trigger": "opened"}
    assert refusal(await subscribe(product, other, path="/v1/subscription")) == (403, "other_platform")
    unknown = {"service": "hub", "trigger": "opened", "userCredentialId": "unknown"}
    assert refusal(await subscribe(product, unknown, path="/v1/subscription")) == (409, "credential_invalid")


async def test_a_service_version_pins_what_a_subscription_runs(product: Running) -> None:
    story = await hub(product, trigger={"logic": {"trigger": {"shape": "old"}}})
    await product.ok("POST", "/v1/service/hub/version?userId=ada", json={"name": "1.0.0"})
    await product.ok("PUT", "/v1/service/hub/version/1.0.0?userId=ada", json={"published": True})
    changed = {"logic": {"trigger": {"shape": "new"}}}
    await product.ok("PUT", "/v1/service/hub/trigger/opened?userId=ada&version=minor", json=changed)
    await product.ok("POST", "/v1/service/hub/version?userId=ada", json={"name": "2.0.0"})
    body = {"service": "hub", "trigger": "opened"}
    unknown = await subscribe(product, {**body, "serviceVersion": "9.9.9"}, path="/v1/subscription")
    assert unknown.status == 404
    async with subscriber() as old, subscriber() as new:
        for version, taking in (("1.0.0", old), ("2.0.0", new)):
            wanted = {**body, "serviceVersion": version, "url": taking.url}
            made = await subscribe(product, wanted, path="/v1/subscription")
            assert (await row(product, made.body))["serviceVersion"] == version
        await story.send({"trigger": "opened"})
        assert [each["data"] for each in await old.wait_for(1)] == [{"shape": "old"}]
        assert [each["data"] for each in await new.wait_for(1)] == [{"shape": "new"}]


async def test_a_user_sees_only_its_own_in_pages(product: Running) -> None:
    story = await hub(product)
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    await story.subscribe(NOWHERE, user="bob")
    mine = {(await story.subscribe(NOWHERE))["id"] for _ in range(3)}
    path, seen = "/v1/subscription?userId=ada&limit=2", []
    while path:
        answer = await product.api("GET", path)
        seen += [each["id"] for each in answer.body]
        link = answer.headers.get("Link")
        path = link.partition(">")[0].removeprefix("<") if link else ""
    assert seen == sorted(mine)


async def test_a_paused_subscription_hears_nothing_until_it_is_resumed(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        made = await story.subscribe(taking.url)
        for status, number in (("paused", 1), ("active", 2)):
            changed = await product.ok("PUT", f"/v1/subscription/{made['id']}", json={"status": status})
            assert changed["status"] == status
            await story.send({"trigger": "opened", "number": number}, id=str(number))
        (body,) = await taking.wait_for(1)
        assert body["data"] == {"number": 2}
        matched = {each["matched"] for each in await story.settled(2)}
        assert matched == {0, 1}


async def test_a_redirected_subscription_is_delivered_to_its_new_url_with_its_headers(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as old, subscriber() as new:
        made = await story.subscribe(old.url)
        changes = {"url": new.url, "headers": {"Authorization": "Bearer x", "X-Mine": "1"}}
        changed = await product.ok("PATCH", f"/v1/subscription/{made['id']}?userId=ada", json=changes)
        assert changed == await row(product, made)
        assert (changed["url"], changed["headers"]) == (new.url, changes["headers"])
        await story.send({"trigger": "opened"})
        await new.wait_for(1)
        sent, _ = new.received[0]
        assert (sent["Authorization"], sent["X-Mine"]) == ("Bearer x", "1")
        assert old.received == []


async def test_a_row_can_be_sent_back_as_it_was_read(product: Running) -> None:
    story = await hub(product)
    made = await story.subscribe(NOWHERE, variables={"a": 1})
    before = await row(product, made)
    tampered = {**before, "id": "other", "service": "x", "trigger": "x", "userId": "bob", "variables": {}, "url": None}
    after = await product.ok("PUT", f"/v1/subscription/{made['id']}", json=tampered)
    assert after == {**before, "url": None, "updatedAt": after["updatedAt"]}


async def test_an_update_that_can_not_be_is_refused_with_its_path(product: Running) -> None:
    story = await hub(product)
    made = await story.subscribe(NOWHERE)
    before = await row(product, made)
    for body, path in REFUSED_UPDATES:
        answer = await product.api("PUT", f"/v1/subscription/{made['id']}", json=body)
        assert (refusal(answer), paths(answer)) == ((400, "invalid_request"), [path]), body
    assert await row(product, made) == before


async def test_an_ended_subscription_is_gone(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        made = await story.subscribe(taking.url)
        one = f"/v1/subscription/{made['id']}?userId=ada"
        assert refusal(await product.api("DELETE", one.partition("?")[0])) == (400, "invalid_request")
        answer = await product.api("DELETE", one)
        assert (answer.status, answer.body) == (200, "")
        for method in ("GET", "DELETE"):
            assert refusal(await product.api(method, one)) == (404, "subscription_not_found")
        assert await listed(product) == []
        await story.send({"trigger": "opened"})
        (notification,) = await story.settled(1)
        assert notification["matched"] == 0
        assert taking.received == []


async def test_an_idempotency_key_makes_one_subscription_and_answers_its_secret_again(product: Running) -> None:
    await hub(product)
    for path, body in (
        (f"{SUBSCRIBE}?userId=ada", {"url": NOWHERE}),
        ("/v1/subscription?userId=ada", {"service": "hub", "trigger": "opened"}),
    ):
        before = len(await listed(product))
        answers = [await product.api("POST", path, json=body, headers={"Idempotency-Key": "once"}) for _ in range(2)]
        assert answers[0].body == answers[1].body
        assert answers[0].status == answers[1].status
        assert len(await listed(product)) == before + 1


async def ended(product: Running, user: str) -> None:
    """Waits until the user, or what was the user's, has no subscriptions."""
    async with asyncio.timeout(10):
        while True:
            if not await listed(product, user):
                return
            await asyncio.sleep(0.01)


async def test_deleting_the_user_ends_its_subscriptions_and_nobody_elses(product: Running) -> None:
    story = await hub(product)
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    await story.subscribe(NOWHERE, user="bob")
    mine = await story.subscribe(NOWHERE)
    await product.ok("DELETE", "/v1/user/bob")
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    await ended(product, "bob")
    assert [each["id"] for each in await listed(product)] == [mine["id"]]


async def test_deleting_the_service_ends_its_subscriptions_and_its_endpoint(product: Running) -> None:
    story: Story = await hub(product)
    await story.subscribe(NOWHERE)
    await product.ok("DELETE", "/v1/service/hub?userId=ada&force=true")
    await ended(product, "ada")
    assert refusal(await story.send({"trigger": "opened"})) == (404, "endpoint_not_found")
