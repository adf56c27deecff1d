"""What an event's type narrows an inbound URL to, what is pasted into the provider's form, and when a URL closes."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.product import Answer, Running
from tests.runtime.provider import Provider
from tests.webhooks.story import Story, Subscriber, hub, subscriber

EVENT = "/v1/service/hub/event/notification?userId=ada"
SETTING = "/v1/service/hub/webhookSetting"


async def scoped(product: Running, kind: str, **config: str) -> Story:
    story = await hub(product)
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    await product.ok("PUT", EVENT, json={"type": kind, "config": {"verify": "github", **config}})
    return story


async def channel(story: Story, query: str) -> Story:
    """The same story at another inbound URL."""
    setting = await story.product.ok("GET", f"{SETTING}?{query}")
    return replace(story, path=setting["url"].removeprefix(story.product.url), secret=setting["secret"])


async def numbers(taking: Subscriber, count: int) -> list[int]:
    return sorted(body["data"]["number"] for body in await taking.wait_for(count))


async def refused(product: Running, query: str) -> tuple[int, str, list[str]]:
    answer = await product.api("GET", f"{SETTING}{query}")
    return answer.status, answer.body["code"], [detail["path"] for detail in answer.body.get("details", [])]


async def closed(story: Story) -> Answer:
    """The answer of its URL, once it takes nothing any more."""
    async with asyncio.timeout(10):
        while True:
            answer = await story.send({})
            if answer.status != 200:
                return answer
            await asyncio.sleep(0.01)


async def test_one_url_per_user_reaches_only_that_users_subscriptions(product: Running) -> None:
    story = await scoped(product, "user")
    async with subscriber() as adas, subscriber() as bobs:
        await story.subscribe(adas.url)
        await story.subscribe(bobs.url, user="bob")
        ada, bob = await channel(story, "userId=ada"), await channel(story, "userId=bob")
        assert (ada.path, ada.secret) != (bob.path, bob.secret)
        assert ada == await channel(story, "userId=ada")
        await ada.send({"trigger": "opened", "number": 1})
        await bob.send({"trigger": "opened", "number": 2})
        assert (await numbers(adas, 1), await numbers(bobs, 1)) == ([1], [2])
        assert [each["matched"] for each in await story.settled(2)] == [1, 1]


async def test_one_url_is_not_opened_by_anothers_secret(product: Running) -> None:
    story = await scoped(product, "user")
    ada, bob = await channel(story, "userId=ada"), await channel(story, "userId=bob")
    assert (await ada.send({}, secret=bob.secret)).status == 401


async def test_one_url_per_automation_reaches_only_that_subscription(product: Running) -> None:
    story = await scoped(product, "automation")
    async with subscriber() as one, subscriber() as two:
        first, second = await story.subscribe(one.url), await story.subscribe(two.url)
        for subscription, number in ((first, 1), (second, 2)):
            own = await channel(story, f"userId=ada&subscriptionId={subscription['id']}")
            await own.send({"trigger": "opened", "number": number})
        assert (await numbers(one, 1), await numbers(two, 1)) == ([1], [2])
        assert [each["matched"] for each in await story.settled(2)] == [1, 1]


async def test_one_url_per_target_reaches_whoever_chose_that_value(product: Running) -> None:
    story = await scoped(product, "target", target="project.id")
    async with subscriber() as one, subscriber() as same, subscriber() as other:
        chosen = {
            taking.url: await story.subscribe(taking.url, variables={"project": {"id": project}})
            for taking, project in ((one, 1), (same, 1), (other, 2))
        }
        channels = {
            url: await channel(story, f"userId=ada&subscriptionId={made['id']}") for url, made in chosen.items()
        }
        assert channels[one.url] == channels[same.url]
        assert channels[one.url] != channels[other.url]
        await channels[one.url].send({"trigger": "opened", "number": 1})
        await channels[other.url].send({"trigger": "opened", "number": 2})
        assert [await numbers(taking, 1) for taking in (one, same, other)] == [[1], [1], [2]]


@pytest.mark.parametrize("variables", [{}, {"project": {"id": {"a": 1}}}, {"project": "p"}])
async def test_a_target_without_a_value_has_no_url(product: Running, variables: dict[str, Any]) -> None:
    story = await scoped(product, "target", target="project.id")
    made = await story.subscribe(None, variables=variables)
    query = f"?userId=ada&subscriptionId={made['id']}"
    assert await refused(product, query) == (400, "invalid_request", ["variables.project.id"])


async def test_one_url_per_service_url_is_seen_by_a_create_hook_that_needs_no_credential(
    product: Running, provider: Provider
) -> None:
    story = await scoped(product, "serviceUrl")
    hook = {
        "@type": "http",
        "method": "POST",
        "url": f"{provider.url}/hooks",
        "json": {"url": {"@type": "reference", "category": "webhookService"}},
        "auth": "none",
    }
    await product.ok("PUT", "/v1/service/hub/trigger/opened?userId=ada", json={"logic": {"create": hook}})
    path = "/v1/service/hub/trigger/opened/subscription?userId=ada"
    nobody = await product.api("POST", path, json={})
    assert (nobody.status, nobody.body["details"][0]["path"]) == (400, "userId")
    security = {"type": "apiKey", "label": {"en": "key"}, "config": {"in": "header", "name": "x-key"}}
    await product.ok("POST", "/v1/service/hub/security?userId=ada", json=security)
    token = {"serviceId": "hub", "key": {"token": "t"}, "serviceUrl": "https://acme.example.com"}
    for user in ("ada", "bob"):
        await product.ok("POST", f"/v1/user/{user}/token", json=token)
    await product.ok("POST", path, json={})
    (seen,) = provider.seen
    own = await channel(story, "userId=ada")
    assert json.loads(seen.body)["url"] == f"{product.url}{own.path}"
    assert own == await channel(story, "userId=bob")


async def test_a_setting_says_what_must_be_given(product: Running) -> None:
    await scoped(product, "automation")
    assert await refused(product, "?userId=ada") == (400, "invalid_request", ["subscriptionId"])
    assert await refused(product, "") == (400, "invalid_request", ["userId"])
    assert (await refused(product, "?userId=ada&event=nothing"))[:2] == (404, "event_not_found")
    assert (await refused(product, "?userId=ada&subscriptionId=nothing"))[:2] == (404, "subscription_not_found")
    gone = await product.api("GET", "/v1/service/nowhere/webhookSetting?userId=ada")
    assert (gone.status, gone.body["code"]) == (404, "service_not_found")


async def test_a_setting_is_never_another_users_or_services(product: Running) -> None:
    story = await scoped(product, "automation")
    made = await story.subscribe(None)
    bobs = f"?userId=bob&subscriptionId={made['id']}"
    assert (await refused(product, bobs))[:2] == (404, "subscription_not_found")
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "other"})
    event = {"name": "notification", "type": "automation"}
    await product.ok("POST", "/v1/service/other/event?userId=ada", json=event)
    answer = await product.api("GET", f"/v1/service/other/webhookSetting?userId=ada&subscriptionId={made['id']}")
    assert (answer.status, answer.body["code"]) == (404, "subscription_not_found")


async def test_of_several_events_one_must_be_named(product: Running) -> None:
    story = await hub(product)
    await product.ok("POST", "/v1/service/hub/event?userId=ada", json={"name": "alarm", "config": {"verify": "github"}})
    answer = await product.api("GET", f"{SETTING}?userId=ada")
    assert (answer.status, answer.body["details"][0]["path"]) == (400, "event")
    assert "alarm, notification" in answer.body["error"]
    assert (await channel(story, "userId=ada&event=notification")).path == story.path
    assert (await channel(story, "userId=ada&event=alarm")).path != story.path


async def test_a_service_without_an_event_has_no_setting(product: Running) -> None:
    await hub(product)
    await product.ok("DELETE", EVENT)
    assert (await refused(product, "?userId=ada"))[:2] == (404, "event_not_found")


async def test_the_versions_setting_gives_an_events_type(product: Running) -> None:
    await hub(product)
    setting = {"webhook": {"type": "automation"}}
    await product.ok("POST", "/v1/service/hub/version?userId=ada", json={"name": "1.0.0", "setting": setting})
    assert await refused(product, "?userId=ada") == (400, "invalid_request", ["subscriptionId"])


async def test_the_url_of_a_deleted_user_closes_and_nobody_elses(product: Running) -> None:
    story = await scoped(product, "user")
    ada, bob = await channel(story, "userId=ada"), await channel(story, "userId=bob")
    assert [(await each.send({})).status for each in (ada, bob)] == [200, 200]
    await product.ok("DELETE", "/v1/user/bob")
    answer = await closed(bob)
    assert (answer.status, answer.body["code"]) == (404, "endpoint_not_found")
    assert (await ada.send({})).status == 200
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    anew = await channel(story, "userId=bob")
    assert anew.path != bob.path
    assert [(await each.send({})).status for each in (anew, bob)] == [200, 404]


async def test_the_url_of_an_ended_subscription_closes(product: Running) -> None:
    story = await scoped(product, "automation")
    made = await story.subscribe(None)
    own = await channel(story, f"userId=ada&subscriptionId={made['id']}")
    assert (await own.send({})).status == 200
    await product.ok("DELETE", f"/v1/subscription/{made['id']}?userId=ada")
    assert (await own.send({})).status == 404


async def test_a_subscription_that_is_made_at_the_second_try_has_a_url_that_is_open(
    product: Running, provider: Provider
) -> None:
    story = await scoped(product, "automation")
    hook = {
        "@type": "http",
        "method": "POST",
        "url": f"{provider.url}/hooks",
        "json": {"url": {"@type": "reference", "category": "webhookService"}},
        "timeout": 0.1,
        "auth": "none",
    }
    await product.ok("PUT", "/v1/service/hub/trigger/opened?userId=ada", json={"logic": {"create": hook}})
    path, key = "/v1/service/hub/trigger/opened/subscription?userId=ada", {"Idempotency-Key": "once"}
    provider.silent = True
    assert (await product.api("POST", path, json={}, headers=key)).status == 504
    provider.silent = False
    made = await product.ok("POST", path, json={}, headers=key)
    inbound = json.loads(provider.seen[-1].body)["url"]
    own = await channel(story, f"userId=ada&subscriptionId={made['id']}")
    assert inbound == f"{product.url}{own.path}"
    assert (await own.send({"trigger": "opened"})).status == 200
    (notification,) = await story.settled(1)
    assert notification["matched"] == 1


async def test_the_urls_of_a_disabled_service_take_nothing_until_it_is_enabled(product: Running) -> None:
    story = await hub(product)
    for enabled, status in ((False, 404), (True, 200)):
        await product.ok("PUT", "/v1/service/hub?userId=ada", json={"enabled": enabled})
        assert (await story.send({})).status == status
