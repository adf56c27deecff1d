"""A public service that its platform takes back, and makes public again: what others have of it in between."""

from __future__ import annotations

import json

import aiohttp
import pytest

from tests.isolation.conftest import Town
from tests.isolation.house import House
from tests.webhooks.story import subscriber

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_what_others_have_of_a_public_service_rests_while_it_is_not_public(town: Town) -> None:
    owner, other = town.spare, town.rival
    service, user = f"/v1/service/{owner.shop.id}", other.mallory
    async with subscriber() as taking, aiohttp.ClientSession() as session:
        trigger = f"{service}/trigger/{owner.shop.ids['triggerId']}/subscription"
        made = await other.ok("POST", trigger, {"url": taking.url}, user=user)
        setting = await other.ok("GET", f"{service}/webhookSetting", user=user)

        async def sent() -> int:
            headers = {"x-token": setting["secret"], "content-type": "application/json"}
            async with session.post(setting["url"], data=json.dumps({"note": "new"}), headers=headers) as response:
                return response.status

        assert await sent() == 200
        await taking.wait_for(1)
        await owner.ok("PUT", service, {"sharing": "none"}, user=owner.ann)
        assert await sent() == 404
        assert await _seen(other, made["id"], user) == 404
        assert await _seen(other, made["id"], None) == 200
        assert made["id"] not in {each["id"] for each in await other.ok("GET", "/v1/subscription", user=user)}
        await owner.ok("POST", f"{service}/publish", {}, user=owner.ann, contributor_id=owner.ann)
        assert await _seen(other, made["id"], user) == 200
        assert await sent() == 200
        assert len(await taking.wait_for(2)) == 2


async def _seen(house: House, subscription_id: str, user: str | None) -> int:
    return (await house.ask("GET", f"/v1/subscription/{subscription_id}", user=user)).status
