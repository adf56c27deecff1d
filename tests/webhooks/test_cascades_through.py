"""Deletions through the whole product: gone at once, the provider's hook removed with what it takes, then purged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from libs.common.clock import SystemClock
from libs.common.engines import open_engines
from libs.common.store.port import Documents, Sort
from services.catalog.components.removed import REMOVED
from services.catalog.components.repository import CONTENTS
from services.credentials.repository import ENDINGS, TOKENS, VALUES
from services.webhooks.cascades.repository import CASCADES
from tests.product import Answer, Running, running
from tests.runtime.provider import Provider
from tests.webhooks.story import Story, hub

HOOK_ID = {"@type": "reference", "operation": "state", "path": ["body", "id"]}
ID = {"@type": "reference", "operation": "source", "path": ["id"]}
REGION = {"@type": "reference", "operation": "platformServiceVariable", "variable": "region"}
NOWHERE = "http://127.0.0.1:9/hook"
SECURITY = {"type": "bearer", "label": {"en": "key"}, "id": "hub-key"}


@dataclass
class HookProvider(Provider):
    """Answers a DELETE only once it may."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def _serve(self, request: web.Request) -> web.Response:
        answer = await super()._serve(request)
        if request.method == "DELETE":
            self.asked.set()
            await self.may_answer.wait()
        return answer


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.01)


@dataclass
class World:
    """Service `hub` of ada's, to whose trigger `opened` bob is subscribed, with a token and a remote hook."""

    product: Running
    provider: HookProvider
    story: Story
    rows: dict[str, Documents]
    token: str = ""
    subscription: str = ""

    async def left(self) -> dict[str, int]:
        """What is stored of bob's and the service's."""
        id = self.story.service_id
        return {
            "tokens": await self.rows["tokens"].count({"service_id": id}),
            "values": await self.rows["values"].count({"service_id": id, "variable_id": "region-identity"}),
            "contents": await self.rows["contents"].count({"service_id": id}),
            "removed": await self.rows["removed"].count({"service_id": id}),
        }

    async def until_left(self, **counts: int) -> None:
        async def so_many() -> bool:
            return counts.items() <= (await self.left()).items()

        await until(so_many, within_s=10)

    async def until_gone(self, paths: Iterable[str]) -> None:
        """All of them answer 404 within a second."""
        for path in paths:

            async def gone(path: str = path) -> bool:
                return (await self.product.api("GET", path)).status == 404

            await until(gone, within_s=1)

    async def removing(self) -> None:
        """The provider was asked to remove the hook, with bob's token and the platform's value."""
        async with asyncio.timeout(10):
            await self.provider.asked.wait()
        (removal,) = [seen for seen in self.provider.seen if seen.method == "DELETE"]
        assert removal.query == {"id": "hook-1", "region": "eu"}
        assert removal.headers["authorization"] == "Bearer token-of-bob"


@asynccontextmanager
async def beside(url: str) -> AsyncIterator[dict[str, Documents]]:
    """The product's rows, as the store has them."""
    engines = open_engines(url, "local:", SystemClock(), exclusive=False)
    specs = {
        "tokens": TOKENS,
        "values": VALUES,
        "contents": CONTENTS,
        "removed": REMOVED,
        "cascades": CASCADES,
        "endings": ENDINGS,
    }
    rows = {name: engines.store.collection(spec) for name, spec in specs.items()}
    await engines.start()
    yield rows
    await engines.close()


@asynccontextmanager
async def running_world(folder: Path, provider: HookProvider) -> AsyncIterator[World]:
    """On the file in that folder; furnished when it is new."""
    url = f"sqlite:{folder / 'interactor.db'}"
    async with running(data_dir=folder, store_url=url) as product, beside(url) as rows:
        if (await product.api("GET", "/v1/service/hub")).status == 200:
            yield World(product, provider, Story(product, "", "", ""), rows)
            return
        world = World(product, provider, await hub(product, trigger={"logic": hooks(provider)}), rows)
        await furnish(world)
        yield world


@pytest.fixture
async def hook_provider() -> AsyncIterator[HookProvider]:
    provider = HookProvider(answer={"id": "hook-1"})
    await provider.start()
    yield provider
    await provider.close()


@pytest.fixture
async def world(tmp_path: Path, hook_provider: HookProvider) -> AsyncIterator[World]:
    async with running_world(tmp_path, hook_provider) as started:
        yield started
        hook_provider.may_answer.set()


async def nothing_stays_of_a_service_that_nobody_uses(world: World) -> None:
    made = await world.product.ok("POST", "/v1/service?userId=ada", json={"name": "unused", "id": "unused-id"})
    await world.product.ok("DELETE", "/v1/service/unused?userId=ada")

    async def free() -> bool:
        return (await world.product.api("POST", "/v1/service?userId=ada", json={**made, "name": "x"})).status == 200

    await until(free, within_s=10)
    assert (await world.product.ok("GET", "/v1/service/unused-id"))["name"] == "x"


def hooks(provider: Provider) -> dict[str, Any]:
    """`delete` by way of an action of the same service."""
    create = {"@type": "http", "method": "POST", "url": f"{provider.url}/hooks"}
    return {
        "create": create,
        "delete": {"@type": "action", "service": "hub", "action": "remove", "input": {"id": HOOK_ID}},
    }


async def furnish(world: World) -> None:
    ok, provider = world.product.ok, world.provider
    execute = {
        "@type": "http", "method": "DELETE", "url": f"{provider.url}/hooks", "query": {"id": ID, "region": REGION},
    }  # fmt: skip
    await ok("POST", "/v1/user", json={"userId": "bob"})
    await ok("POST", "/v1/service/hub/security?userId=ada", json=SECURITY)
    await ok("POST", "/v1/service/hub/action?userId=ada", json={"name": "remove", "logic": {"execute": execute}})
    variable = {"name": "region", "component_id": "region-identity", "value": "eu"}
    await ok("POST", "/v1/service/hub/variable?userId=ada", json=variable)
    token = await ok("POST", "/v1/user/bob/token", json={"serviceId": "hub", **key("token-of-bob")})
    world.token = token["id"]
    world.subscription = (await world.story.subscribe(NOWHERE, user="bob"))["id"]


def key(text: str) -> dict[str, Any]:
    return {"key": {"token": text}}


async def subscribe(world: World) -> Answer:
    path = "/v1/service/hub/trigger/opened/subscription?userId=bob"
    return await world.product.api("POST", path, json={"url": NOWHERE})


def of_the_subscription(world: World) -> list[str]:
    id = world.subscription
    return [f"/v1/subscription/{id}", f"/v1/subscription/{id}?userId=bob", f"/v1/subscription/{id}/delivery"]


async def test_a_deleted_user_is_gone_at_once_and_its_token_once_its_hooks_are_removed(world: World) -> None:
    token = f"/v1/service/hub/token/{world.token}"
    await world.product.ok("DELETE", "/v1/user/bob")
    await world.until_gone(
        ["/v1/user/bob", f"{token}?userId=bob", "/v1/service/hub/token?userId=bob", *of_the_subscription(world)]
    )
    assert (await subscribe(world)).status == 404
    await world.removing()
    await world.product.ok("POST", "/v1/user", json={"userId": "bob"})
    await world.until_gone([f"{token}?userId=bob", *of_the_subscription(world)])
    assert await world.product.ok("GET", "/v1/service/hub/token?userId=bob") == []
    new = await world.product.ok("POST", "/v1/user/bob/token", json={"serviceId": "hub", **key("token-of-new-bob")})
    assert (await world.left())["tokens"] == 2
    world.provider.may_answer.set()
    await world.until_left(tokens=1)
    assert (await world.product.api("GET", f"/v1/service/hub/token/{new['id']}?userId=bob")).status == 200


async def test_a_service_in_use_goes_only_by_force_and_then_at_once(world: World) -> None:
    id, token = world.story.service_id, f"token/{world.token}"
    refused = await world.product.api("DELETE", "/v1/service/hub?userId=ada")
    assert (refused.status, refused.body["code"]) == (409, "service_in_use")
    assert refused.body["counts"] == {"tokens": 1, "subscriptions": 1}
    await world.product.ok("DELETE", "/v1/service/hub?userId=ada&force=true")
    inside = ("action/remove", "trigger/opened", "event/notification", "variable/region", "security/hub-key", "action")
    services = [f"/v1/service/{ref}" for ref in (id, "hub")]
    await world.until_gone([*services, *(f"{service}/{each}" for service in services for each in inside)])
    await world.until_gone([f"{service}/{token}?userId=bob" for service in services])
    await world.until_gone([f"{services[0]}/webhookSetting?userId=bob", *of_the_subscription(world)])
    assert (await world.story.send({"trigger": "opened"})).status == 404
    executed = await world.product.api("POST", f"{services[0]}/action/remove/execute?userId=bob", json={"id": 1})
    assert executed.status == 404
    await world.removing()
    left = await world.left()
    assert (left["tokens"], left["values"]) == (1, 1)
    assert left["contents"] > 0
    again = await world.product.api("POST", "/v1/service?userId=ada", json={"id": id, "name": "hub"})
    assert (again.status, again.body["code"]) == (409, "service_being_removed")
    world.provider.may_answer.set()
    await world.until_left(tokens=0, values=0, contents=0, removed=0)
    await nothing_stays_of_a_service_that_nobody_uses(world)


async def test_a_deleted_event_takes_its_url_along_and_a_deleted_trigger_its_subscriptions(world: World) -> None:
    await world.product.ok("DELETE", "/v1/service/hub/event/notification?userId=ada")
    await world.until_gone(["/v1/service/hub/event/notification", world.story.path])
    assert (await world.product.api("GET", of_the_subscription(world)[0])).status == 200
    await world.product.ok("DELETE", "/v1/service/hub/trigger/opened?userId=ada")
    await world.until_gone(["/v1/service/hub/trigger/opened", *of_the_subscription(world)])
    assert (await subscribe(world)).status == 404
    await world.removing()
    assert (await world.left())["removed"] == 1
    world.provider.may_answer.set()
    await world.until_left(removed=0, tokens=1)


async def test_a_cascade_that_was_heard_of_and_no_more_goes_on_with_the_next_start(
    tmp_path: Path, hook_provider: HookProvider
) -> None:
    async with running_world(tmp_path, hook_provider) as world:
        await world.product.product.supervisor.stop()
        await world.product.ok("DELETE", "/v1/user/bob")
        service_id = world.story.service_id

        async def heard_of() -> bool:
            cascades = await world.rows["cascades"].find({}, order=(Sort("due_at"),))
            endings = await world.rows["endings"].find({}, order=(Sort("due_at"),))
            return len(cascades) == len(endings) == 1

        await until(heard_of, within_s=10)
    assert not hook_provider.asked.is_set()
    hook_provider.may_answer.set()
    async with running_world(tmp_path, hook_provider) as world:
        world.story.service_id = service_id
        await world.removing()
        await world.until_left(tokens=0)
