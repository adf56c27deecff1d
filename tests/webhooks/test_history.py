"""What came in and what it led to: notifications, deliveries with every attempt, retries and recoveries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.product import Answer, Running
from tests.webhooks.story import Story, Subscriber, hub, subscriber

EVER = "since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z"


def answering(status: int) -> Callable[[int], Awaitable[web.Response]]:
    async def answer(_count: int) -> web.Response:
        return web.Response(status=status, text="as told")

    return answer


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


async def until(read: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
    """What is read, once it is as wanted."""
    async with asyncio.timeout(10):
        while True:
            found = await read()
            if wanted(found):
                return found
            await asyncio.sleep(0.01)


async def subscribed(story: Story, taking: Subscriber) -> str:
    made = await story.subscribe(taking.url)
    return f"/v1/subscription/{made['id']}"


async def deliveries(product: Running, one: str, status: str, count: int = 1) -> list[dict[str, Any]]:
    """The deliveries, once so many have that status."""

    async def read() -> Any:
        return await product.ok("GET", f"{one}/delivery?userId=ada")

    found: list[dict[str, Any]] = await until(
        read, lambda rows: sum(each["status"] == status for each in rows) == count
    )
    return found


async def status_of(product: Running, one: str, wanted: str) -> None:
    async def read() -> Any:
        return (await product.ok("GET", one))["status"]

    await until(read, lambda status: status == wanted)


async def pages(product: Running, path: str) -> list[list[str]]:
    """The ids of every page that the `Link` headers lead to."""
    found = []
    while path:
        answer = await product.api("GET", path)
        found.append([each["id"] for each in answer.body])
        link = answer.headers.get("Link")
        path = link.partition(">")[0].removeprefix("<") if link else ""
    return found


async def test_a_delivery_shows_every_attempt(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        taking.answer = answering(500)
        one = await subscribed(story, taking)
        await story.send({"trigger": "opened"})
        await taking.wait_for(1)
        row = await until(lambda: product.ok("GET", f"{one}/delivery"), lambda rows: rows and rows[0]["attempts"])
        (delivery,) = row
        assert delivery["status"] == "pending"
        assert delivery["nextAttemptAt"] > delivery["insertedAt"]
        (attempt,) = delivery["attempts"]
        assert (attempt["status"], attempt["response"], attempt["error"]) == (500, "as told", None)
        (notification,) = await story.notifications()
        assert notification["id"] == delivery["notificationId"]
        assert (notification["matched"], notification["deliveries"]) == (1, 1)


async def test_a_failing_subscription_is_active_again_with_the_next_success(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        taking.answer = answering(500)
        one = await subscribed(story, taking)
        await story.send({"trigger": "opened"}, id="1")
        await status_of(product, one, "failing")
        taking.answer = None
        await story.send({"trigger": "opened"}, id="2")
        await status_of(product, one, "active")


async def test_a_subscriber_that_answers_410_is_disabled_and_can_be_recovered(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        taking.answer = answering(410)
        one = await subscribed(story, taking)
        await story.send({"trigger": "opened", "number": 1}, id="1")
        await status_of(product, one, "disabled")
        await deliveries(product, one, "dead")
        await story.send({"trigger": "opened", "number": 2}, id="2")
        assert {each["matched"] for each in await story.settled(2)} == {0, 1}
        taking.answer = None
        await product.ok("PUT", one, json={"status": "active"})
        assert await product.ok("POST", f"{one}/recover?{EVER}") == {"recovered": 1}
        (delivery,) = await deliveries(product, one, "delivered")
        assert [attempt["status"] for attempt in delivery["attempts"]] == [410, 200]
        assert len({headers["webhook-id"] for headers, _ in taking.received}) == 1
        assert await product.ok("POST", f"{one}/recover?{EVER}") == {"recovered": 0}


async def test_a_span_without_dead_letters_recovers_nothing(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        taking.answer = answering(410)
        one = await subscribed(story, taking)
        await story.send({"trigger": "opened"})
        await deliveries(product, one, "dead")
        past = "since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z"
        assert await product.ok("POST", f"{one}/recover?{past}") == {"recovered": 0}


async def test_a_recovery_needs_its_span(product: Running) -> None:
    story = await hub(product)
    made = await story.subscribe(None)
    for query, path in (
        ("", "since"),
        ("since=2020-01-01T00:00:00Z", "until"),
        ("since=yesterday&until=2020-01-01T00:00:00Z", "since"),
        ("since=2020-01-01T00:00:00Z&until=5", "until"),
        ("since=2020-01-02T00:00:00Z&until=2020-01-01T00:00:00Z", "until"),
    ):
        answer = await product.api("POST", f"/v1/subscription/{made['id']}/recover?{query}")
        assert refusal(answer) == (400, "invalid_request")
        assert answer.body["details"][0]["path"] == path


async def test_a_span_may_be_given_in_any_zone(product: Running) -> None:
    story = await hub(product)
    made = await story.subscribe(None)
    span = f"since={quote('2020-01-01T00:00:00+02:00')}&until=2020-01-02"
    assert await product.ok("POST", f"/v1/subscription/{made['id']}/recover?{span}") == {"recovered": 0}


async def test_a_delivery_can_be_sent_once_more(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        one = await subscribed(story, taking)
        await story.send({"trigger": "opened", "number": 1})
        (delivery,) = await deliveries(product, one, "delivered")
        again = await product.ok("POST", f"{one}/delivery/{delivery['id']}/retry")
        assert (again["id"], again["status"]) == (delivery["id"], "pending")
        bodies = await taking.wait_for(2)
        assert bodies[0] == bodies[1]


async def test_only_a_delivery_of_this_subscription_can_be_retried(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        one, other = await subscribed(story, taking), await subscribed(story, taking)
        await story.send({"trigger": "opened"})
        (delivery,) = await deliveries(product, one, "delivered")
        for path in (f"{other}/delivery/{delivery['id']}/retry", f"{one}/delivery/unknown/retry"):
            assert refusal(await product.api("POST", path)) == (404, "delivery_not_found")


async def test_deliveries_come_newest_first_in_pages(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        one = await subscribed(story, taking)
        for number in range(3):
            await story.send({"trigger": "opened", "number": number}, id=str(number))
            await deliveries(product, one, "delivered", number + 1)
        newest_first = [body["id"] for body in reversed(await taking.wait_for(3))]
        assert await pages(product, f"{one}/delivery?limit=2") == [newest_first[:2], newest_first[2:]]


async def test_a_rotated_secret_signs_beside_the_old_one(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        made = await story.subscribe(taking.url)
        one = f"/v1/subscription/{made['id']}"
        rotated = await product.ok("POST", f"{one}/secret/rotate?userId=ada")
        assert rotated.keys() == {"id", "secret"}
        assert (rotated["id"], rotated["secret"] != made["secret"]) == (made["id"], True)
        assert rotated["secret"] not in str(await product.ok("GET", one))
        await story.send({"trigger": "opened"})
        await taking.wait_for(1)
        headers, raw = taking.received[0]
        for secret in (made["secret"], rotated["secret"]):
            Webhook(secret).verify(raw, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_c2VjcmV0").verify(raw, headers)


async def test_notifications_come_newest_first_in_pages(product: Running) -> None:
    story = await hub(product)
    for number in range(3):
        await story.send({"number": number}, id=str(number))
        await story.settled(number + 1)
    ids = [each["id"] for each in await story.notifications()]
    assert await pages(product, "/v1/service/hub/notification?limit=2") == [ids[:2], ids[2:]]
    newest = await product.ok("GET", f"/v1/service/hub/notification/{ids[0]}")
    assert newest["notification"]["body"] == '{"number": 2}'


async def test_what_came_in_is_read_by_the_platform_alone(product: Running) -> None:
    story = await hub(product)
    await story.send({})
    (listed,) = await story.settled(1)
    for path in ("", f"/{listed['id']}"):
        answer = await product.api("GET", f"/v1/service/hub/notification{path}?userId=ada")
        assert refusal(answer) == (403, "platform_only")


async def test_a_notification_is_found_only_in_its_service(product: Running) -> None:
    story = await hub(product)
    await story.send({})
    (listed,) = await story.settled(1)
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "other"})
    for path in (f"other/notification/{listed['id']}", "hub/notification/unknown"):
        assert refusal(await product.api("GET", f"/v1/service/{path}")) == (404, "notification_not_found")
