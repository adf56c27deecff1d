"""A service shared with groups, over time: what its users have works while they are in one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.parts import EACH_ALONE, running_parts
from tests.product import Answer, Running
from tests.webhooks.story import Story, hub, subscriber

ARRIVED = {"trigger": "opened", "number": 1}


@dataclass
class Club:
    """The service `hub`, shared with a group that ada made and bob is a member of."""

    story: Story
    product: Running
    group_id: str

    async def invite(self, user: str) -> None:
        await self.product.ok("POST", f"/v1/group/{self.group_id}/user", json={"userId": user})

    async def dismiss(self, user: str) -> None:
        await self.product.ok("DELETE", f"/v1/group/{self.group_id}/user/{user}")

    async def change(self, **members: Any) -> None:
        await self.product.ok("PUT", "/v1/service/hub?userId=ada", json=members)

    async def as_bob(self, method: str, path: str, body: Any = None) -> Answer:
        options = {} if body is None else {"json": body}
        return await self.product.api(method, f"{path}?userId=bob", **options)


@pytest.fixture
async def club(product: Running) -> Club:
    return await founded(product)


async def founded(product: Any) -> Club:
    """`product` may be in parts."""
    story = await hub(product)
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    group = await product.ok("POST", "/v1/group?userId=ada", json={"name": "club"})
    club = Club(story, product, group["id"])
    await club.invite("bob")
    await club.change(sharing="group", groupIds=[group["id"]])
    return club


async def _dismissed(club: Club) -> None:
    await club.dismiss("bob")


async def _shared_with_others(club: Club) -> None:
    other = await club.product.ok("POST", "/v1/group?userId=ada", json={"name": "others"})
    await club.change(groupIds=[other["id"]])


@pytest.mark.parametrize("lose", [_dismissed, _shared_with_others])
async def test_who_may_no_longer_use_the_service_hears_nothing_and_the_history_says_why(
    club: Club, lose: Callable[[Club], Awaitable[None]]
) -> None:
    async with subscriber() as taking, subscriber() as of_ada:
        subscription = await club.story.subscribe(taking.url, user="bob")
        await club.story.subscribe(of_ada.url, user="ada")
        await lose(club)
        await club.story.send(ARRIVED, id="1")
        assert len(await of_ada.wait_for(1)) == 1
        (notification,) = await club.story.settled(1)
        assert (notification["matched"], notification["deliveries"], notification["dropped"]) == (2, 1, 1)
        (error,) = notification["errors"]
        assert (error["code"], error["subscription"]) == ("not_shared", subscription["id"])
        assert "not for this subscription's user" in error["message"]
        assert taking.received == []


async def test_who_is_in_the_group_again_hears_again(club: Club) -> None:
    async with subscriber() as taking:
        await club.story.subscribe(taking.url, user="bob")
        await club.dismiss("bob")
        await club.story.send(ARRIVED, id="1")
        await club.story.settled(1)
        await club.invite("bob")
        await club.story.send({**ARRIVED, "number": 2}, id="2")
        (body,) = await taking.wait_for(1)
        assert body["data"] == {"number": 2}


async def test_for_a_user_outside_nothing_of_it_is_there_but_what_is_its_own_to_end(club: Club) -> None:
    product = club.product
    await product.ok("POST", "/v1/service/hub/security?userId=ada", json=_SECURITY)
    token = (await product.ok("POST", "/v1/user/bob/token", json={"serviceId": "hub", "key": {"token": "k"}}))["id"]
    subscription = (await club.story.subscribe("http://127.0.0.1:9/", user="bob"))["id"]
    one, own_token = f"/v1/subscription/{subscription}", f"/v1/service/hub/token/{token}"
    await club.dismiss("bob")
    asked: list[tuple[str, str, Any]] = [
        ("GET", one, None),
        ("PUT", one, {"status": "paused"}),
        ("POST", f"{one}/secret/rotate", {}),
        ("GET", f"{one}/delivery", None),
        ("GET", own_token, None),
        ("PUT", own_token, {"name": "x"}),
        ("GET", "/v1/service/hub/token", None),
        ("GET", "/v1/service/hub/webhookSetting", None),
        ("POST", "/v1/service/hub/trigger/opened/subscription", {}),
    ]
    for method, path, body in asked:
        assert (await club.as_bob(method, path, body)).status == 404, (method, path)
    assert (await club.as_bob("GET", "/v1/subscription")).body == []
    assert [each["id"] for each in await product.ok("GET", "/v1/subscription?userId=ada")] == []
    assert (await product.api("GET", one)).status == 200
    for path in (one, own_token):
        assert (await club.as_bob("DELETE", path)).status == 200
        assert (await club.as_bob("DELETE", path)).status == 404


_SECURITY = {"type": "apiKey", "label": {"en": "key"}, "config": {"in": "header", "name": "X-Key"}}


async def test_a_variables_value_is_set_by_admins_of_the_group_and_not_by_its_members(club: Club) -> None:
    product = club.product
    await product.ok("POST", "/v1/service/hub/variable?userId=ada", json={"name": "limit"})
    value = "/v1/service/hub/variable/limit/value"
    assert (await club.as_bob("PUT", value, {"value": "1"})).status == 403
    await product.ok("PUT", f"/v1/group/{club.group_id}/user/bob", json={"role": "admin"})
    assert (await club.as_bob("PUT", value, {"value": "1"})).status == 200
    await club.dismiss("bob")
    assert (await club.as_bob("PUT", value, {"value": "1"})).status == 404


async def test_a_component_is_no_way_round(club: Club) -> None:
    """An action of a service for all may call one for a group, for those who are in it."""
    product = club.product
    await product.ok("POST", "/v1/service/hub/action?userId=ada", json={"name": "ping", "logic": {"execute": "pong"}})
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "open"})
    node = {"@type": "action", "service": "hub", "action": "ping"}
    await product.ok("POST", "/v1/service/open/action?userId=ada", json={"name": "ask", "logic": {"execute": node}})
    run = "/v1/service/open/action/ask/execute"
    assert (await club.as_bob("POST", run, {})).body["output"] == "pong"
    await club.dismiss("bob")
    answer = await club.as_bob("POST", run, {})
    nowhere = {"@type": "action", "service": "buh", "action": "ping"}
    await product.ok("POST", "/v1/service/open/action?userId=ada", json={"name": "err", "logic": {"execute": nowhere}})
    missing = await club.as_bob("POST", "/v1/service/open/action/err/execute", {})
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert answer.body["detail"].replace("hub", "buh") == missing.body["detail"]
    assert (await product.api("POST", f"{run}?userId=ada", json={})).body["output"] == "pong"


async def test_every_process_feels_it() -> None:
    async with running_parts(*EACH_ALONE) as parts, subscriber() as taking:
        club = await founded(parts)
        subscription = await club.story.subscribe(taking.url, user="bob")
        await club.story.send(ARRIVED, id="1")
        await taking.wait_for(1)
        parts.bus("webhooks:edge").cut_off()
        await club.dismiss("bob")
        refused = await club.as_bob("POST", "/v1/service/hub/trigger/opened/subscription", {"url": taking.url})
        assert (refused.status, refused.body["code"]) == (404, "service_not_found")
        await club.story.send(ARRIVED, id="2")
        after = {each["dropped"]: each for each in await club.story.settled(2)}
        assert after[1]["errors"][0]["subscription"] == subscription["id"]
        assert len(taking.received) == 1
