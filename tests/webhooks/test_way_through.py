"""From a provider's request to the subscriber's, through the whole product."""

from __future__ import annotations

import json

from standardwebhooks import Webhook

from tests.product import Running
from tests.webhooks.story import hub, subscriber


async def test_a_signed_webhook_arrives_signed_at_the_subscriber(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        subscription = await story.subscribe(taking.url)
        answer = await story.send({"trigger": "opened", "number": 7}, id="d-1")
        assert (answer.status, answer.body) == (200, b"")
        (body,) = await taking.wait_for(1)
        headers, raw = taking.received[0]
        assert Webhook(subscription["secret"]).verify(raw, headers) == body
        assert body["data"] == {"number": 7}
        assert body["type"] == "hub.opened"
        assert body["subscriptionId"] == subscription["id"]
        assert body["userId"] == "ada"
        assert body["id"] == headers["webhook-id"]
        (delivery,) = await product.ok("GET", f"/v1/subscription/{subscription['id']}/delivery")
        assert delivery["id"] == body["id"]


async def test_a_wrong_or_missing_signature_gets_401_and_leaves_nothing(product: Running) -> None:
    story = await hub(product)
    wrong = await story.send({"trigger": "opened"}, secret="not it")
    missing = await product.plain("POST", story.path, data=b"{}")
    assert (wrong.status, missing.status) == (401, 401)
    assert wrong.body["code"] == "signature_refused"
    assert await story.notifications() == []


async def test_an_unknown_handle_gets_404_whatever_is_sent(product: Running) -> None:
    await hub(product)
    for path in ("/platform/interactor/webhook?state=x", "/platform/other/webhook/x", "/platform/interactor/webhook"):
        answer = await product.plain("POST", path, data=b"{}")
        assert answer.status == 404
        assert answer.body["code"] == "endpoint_not_found"


async def test_a_second_arrival_of_an_event_answers_the_same_and_triggers_nothing(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        await story.subscribe(taking.url)
        for _ in range(3):
            assert (await story.send({"trigger": "opened", "number": 1}, id="same")).status == 200
        assert (await story.send({"trigger": "opened", "number": 2}, id="other")).status == 200
        numbers = sorted(body["data"]["number"] for body in await taking.wait_for(2))
        assert numbers == [1, 2]
        assert len(await story.settled(2)) == 2


async def test_a_response_hook_says_what_the_provider_hears(product: Running) -> None:
    challenge = {"@type": "reference", "operation": "source", "path": ["query", "hub.challenge"]}
    story = await hub(product, event={"logic": {"response": {"status": 202, "body": challenge}}})
    separator = "&hub.challenge=abc"
    story.path += separator
    answer = await story.send({})
    assert (answer.status, answer.body) == (202, b"abc")


async def test_a_script_may_route_and_shape(product: Running) -> None:
    route = {"@type": "script", "language": "javascript", "script": "return notification.json.go ? 'opened' : null"}
    shape = {"@type": "script", "language": "javascript", "script": "return {twice: notification.json.n * 2}"}
    story = await hub(product, event={"logic": {"route": route}}, trigger={"logic": {"trigger": shape}})
    async with subscriber() as taking:
        await story.subscribe(taking.url)
        await story.send({"go": False, "n": 1}, id="1")
        await story.send({"go": True, "n": 21}, id="2")
        (body,) = await taking.wait_for(1)
        assert body["data"] == {"twice": 42}


async def test_a_match_narrows_to_the_subscriptions_that_hold_the_values(product: Running) -> None:
    route = {
        "trigger": "opened",
        "match": {"variables.project": {"@type": "reference", "operation": "source", "path": ["json", "project"]}},
    }
    story = await hub(product, event={"logic": {"route": route}})
    async with subscriber() as one, subscriber() as two:
        await story.subscribe(one.url, variables={"project": "one"})
        await story.subscribe(two.url, variables={"project": "two"})
        await story.send({"project": "two", "number": 5})
        (body,) = await two.wait_for(1)
        assert body["data"] == {"number": 5}
        (notification,) = await story.settled(1)
        assert notification["matched"] == 1
        assert one.received == []


async def test_every_subscription_of_a_large_fan_out_hears_once(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        for number in range(230):
            await story.subscribe(f"{taking.url}/{number}")
        await story.send({"trigger": "opened", "number": 1})
        bodies = await taking.wait_for(230)
        assert len({body["subscriptionId"] for body in bodies}) == 230
        assert len({body["id"] for body in bodies}) == 230


async def test_an_authors_error_is_a_result_in_the_history(product: Running) -> None:
    broken = {"@type": "script", "language": "javascript", "script": "throw new Error('no')"}
    story = await hub(product, event={"logic": {"route": broken}})
    assert (await story.send({})).status == 200
    (notification,) = await story.settled(1)
    assert notification["status"] == "failed"
    assert notification["errors"][0]["code"] == "script_error"


async def test_a_body_of_megabytes_goes_through(product: Running) -> None:
    story = await hub(product)
    async with subscriber() as taking:
        await story.subscribe(taking.url)
        answer = await story.send({"trigger": "opened", "number": "x" * 3_000_000})
        assert answer.status == 200
        (body,) = await taking.wait_for(1)
        assert len(body["data"]["number"]) == 3_000_000


async def test_a_body_over_the_limit_is_413(product: Running) -> None:
    story = await hub(product)
    answer = await story.send(b"x" * (5 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert await story.notifications() == []


async def test_a_body_that_is_not_text_is_kept_as_base64(product: Running) -> None:
    story = await hub(product)
    assert (await story.send(b"\xff\x00")).status == 200
    (listed,) = await story.settled(1)
    whole = await product.ok("GET", f"/v1/service/hub/notification/{listed['id']}")
    assert whole["notification"]["body"] == "/wA="
    assert whole["notification"]["bodyEncoding"] == "base64"
    assert whole["notification"]["method"] == "post"
    assert whole["notification"]["path"]["platform_id"] == "interactor"


async def test_a_draft_event_is_never_routed(product: Running) -> None:
    story = await hub(product, event={"published": False})
    assert (await story.send({"trigger": "opened"})).status == 404


async def test_an_event_without_verification_believes_nobody(product: Running) -> None:
    story = await hub(product, event={"config": {}})
    assert (await story.send({"trigger": "opened"})).status == 401


async def test_a_changed_event_is_felt_at_once(product: Running) -> None:
    story = await hub(product)
    assert (await story.send({})).status == 200
    changed = {"config": {"verify": {"scheme": "token", "header": "x-token"}}}
    await product.ok("PUT", "/v1/service/hub/event/notification?userId=ada", json=changed)
    assert (await story.send({})).status == 401
    assert (await story.send({}, **{"x-token": story.secret})).status == 200


async def test_the_webhook_setting_is_ready_to_paste(product: Running) -> None:
    story = await hub(product)
    form = {
        "Content type": "application/json",
        "Payload URL": {"@type": "reference", "category": "webhookService"},
        "Secret": {"@type": "reference", "category": "webhookSecret"},
    }
    await product.ok(
        "POST", "/v1/service/hub/version?userId=ada", json={"name": "1.0.0", "setting": {"webhook": {"input": form}}}
    )
    setting = await product.ok("GET", "/v1/service/hub/webhookSetting?userId=ada")
    assert setting["Content type"] == "application/json"
    assert setting["Payload URL"] == setting["url"]
    assert setting["Secret"] == setting["secret"] == story.secret


async def test_the_payload_hook_sees_json_and_the_delivery_is_bytes_for_bytes_what_was_signed(product: Running) -> None:
    story = await hub(product, trigger={"logic": {}})
    async with subscriber() as taking:
        subscription = await story.subscribe(taking.url)
        await story.send({"trigger": "opened", "text": "é✓"})
        await taking.wait_for(1)
        headers, raw = taking.received[0]
        Webhook(subscription["secret"]).verify(raw, headers)
        assert json.loads(raw)["data"] == {"trigger": "opened", "text": "é✓"}


async def test_a_compressed_body_is_refused_before_it_is_read(product: Running) -> None:
    story = await hub(product)
    answer = await story.send(b"not gzip at all", **{"content-encoding": "gzip"})
    assert answer.status == 415
    assert answer.body["code"] == "unsupported_encoding"
