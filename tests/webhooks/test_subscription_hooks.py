"""What a trigger's `create` and `delete` hooks do at a real provider when subscriptions are made and ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.common.clock import SystemClock
from libs.common.engines import open_engines
from libs.common.store.port import Documents, with_fields
from services.webhooks.subscriptions.models import Status
from services.webhooks.subscriptions.repository import SUBSCRIPTIONS
from tests.product import Answer, Running, running
from tests.runtime.provider import Provider
from tests.webhooks.story import hub, subscriber

URL = {"@type": "reference", "category": "webhookService"}
SECRET = {"@type": "reference", "category": "webhookSecret"}
PROJECT = {"@type": "reference", "operation": "source", "path": ["project"]}
HOOK_ID = {"@type": "reference", "operation": "state", "path": ["body", "id"]}


def hooks(provider: Provider, **members: Any) -> dict[str, Any]:
    """Makes the remote hook by POST and removes it by DELETE; `members` are added to both requests."""
    create = {
        "@type": "http",
        "method": "POST",
        "url": f"{provider.url}/hooks",
        "json": {"url": URL, "secret": SECRET, "project": PROJECT},
        "auth": "none",
    }
    delete = {
        "@type": "http",
        "method": "DELETE",
        "url": f"{provider.url}/hooks",
        "query": {"id": HOOK_ID},
        "headers": {"x-url": URL, "x-secret": SECRET},
        "auth": "none",
    }
    return {"create": {**create, **members}, "delete": {**delete, **members}, "trigger": {"hook": HOOK_ID}}


async def subscribe(product: Running, variables: dict[str, Any] | None = None, **options: Any) -> Answer:
    path = "/v1/service/hub/trigger/opened/subscription?userId=ada"
    return await product.api("POST", path, json={"variables": variables or {}}, **options)


async def end(product: Running, subscription: dict[str, Any]) -> Answer:
    return await product.api("DELETE", f"/v1/subscription/{subscription['id']}?userId=ada")


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Running]:
    """On a file, so that its rows can be seen from beside."""
    async with running(data_dir=tmp_path, store_url=f"sqlite:{tmp_path / 'interactor.db'}") as started:
        yield started


@pytest.fixture
async def rows(product: Running, tmp_path: Path) -> AsyncIterator[Documents]:
    """The subscriptions as the store has them, whatever their status."""
    engines = open_engines(f"sqlite:{tmp_path / 'interactor.db'}", "local:", SystemClock(), exclusive=False)
    documents = engines.store.collection(SUBSCRIPTIONS)
    await engines.start()
    yield documents
    await engines.close()


async def removed(rows: Documents, id: str) -> None:
    async with asyncio.timeout(10):
        while True:
            if await rows.get(id) is None:
                return
            await asyncio.sleep(0.01)


async def test_a_create_hook_hears_the_inbound_url_and_its_result_is_kept_for_the_others(
    product: Running, provider: Provider, rows: Documents
) -> None:
    story = await hub(product, trigger={"logic": hooks(provider)})
    async with subscriber() as taking:
        made = await story.subscribe(taking.url, variables={"project": "p"})
        (created,) = provider.seen
        inbound = f"{product.url}{story.path}"
        assert json.loads(created.body) == {"url": inbound, "secret": story.secret, "project": "p"}
        await story.send({"trigger": "opened"})
        (body,) = await taking.wait_for(1)
        assert body["data"] == {"hook": "hook-1"}
    row = await product.ok("GET", f"/v1/subscription/{made['id']}")
    assert "hook-1" not in json.dumps(row)
    assert (await end(product, made)).status == 200
    deleted = provider.seen[1]
    assert (deleted.method, deleted.query) == ("DELETE", {"id": "hook-1"})
    assert (deleted.headers["x-url"], deleted.headers["x-secret"]) == (inbound, story.secret)
    assert await rows.get(made["id"]) is None


async def test_what_a_create_hook_returned_can_be_matched(product: Running, provider: Provider) -> None:
    logic = {**hooks(provider), "create": {"channel": PROJECT}}
    channel = {"@type": "reference", "operation": "source", "path": ["json", "channel"]}
    route = {"trigger": "opened", "match": {"state.channel": channel}}
    story = await hub(product, event={"logic": {"route": route}}, trigger={"logic": logic})
    async with subscriber() as one, subscriber() as two:
        await story.subscribe(one.url, variables={"project": "one"})
        await story.subscribe(two.url, variables={"project": "two"})
        await story.send({"channel": "two"})
        await two.wait_for(1)
        assert one.received == []


async def test_a_state_is_sealed_at_rest(product: Running, provider: Provider, rows: Documents) -> None:
    await hub(product, trigger={"logic": hooks(provider)})
    provider.answer = {"id": "hook-1", "signingKey": "canary-5eCr3t"}
    made = (await subscribe(product)).body
    found = await rows.get(made["id"])
    assert found is not None
    assert "canary-5eCr3t" not in str(found.body)


async def test_a_create_hook_that_fails_is_the_answer_and_leaves_nothing(product: Running, provider: Provider) -> None:
    story = await hub(product, trigger={"logic": hooks(provider)})
    provider.status, provider.answer = 403, {"message": "no"}
    answer = await subscribe(product)
    assert (answer.status, answer.body["code"]) == (422, "http_error")
    assert answer.body["cause"]["status"] == 403
    assert answer.body["path"] == ["create"]
    assert await product.ok("GET", "/v1/subscription?userId=ada") == []
    await story.send({"trigger": "opened"})
    (notification,) = await story.settled(1)
    assert notification["matched"] == 0
    assert [seen.method for seen in provider.seen] == ["POST"]


async def test_a_create_hook_without_the_credential_that_it_needs_is_409(product: Running, provider: Provider) -> None:
    create = {"@type": "http", "method": "POST", "url": f"{provider.url}/hooks"}
    await hub(product, trigger={"logic": {"create": create}})
    answer = await subscribe(product)
    assert (answer.status, answer.body["code"]) == (409, "credential_required")
    assert await product.ok("GET", "/v1/subscription?userId=ada") == []
    assert provider.seen == []


async def test_a_create_hook_that_throws_is_422_with_its_line(product: Running) -> None:
    create = {"@type": "script", "language": "javascript", "script": "throw new Error('no such board')"}
    await hub(product, trigger={"logic": {"create": create}})
    answer = await subscribe(product)
    assert (answer.status, answer.body["code"]) == (422, "script_error")
    assert await product.ok("GET", "/v1/subscription?userId=ada") == []


async def test_an_idempotency_key_runs_the_create_hook_once(product: Running, provider: Provider) -> None:
    await hub(product, trigger={"logic": hooks(provider)})
    answers = [await subscribe(product, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert len({str(answer.body) for answer in answers}) == 1
    assert len(provider.seen) == 1


async def test_a_delete_hook_that_fails_keeps_only_what_it_needs_to_try_again(
    product: Running, provider: Provider, rows: Documents
) -> None:
    await hub(product, trigger={"logic": hooks(provider)})
    made = (await subscribe(product)).body
    provider.status = 500
    answer = await end(product, made)
    assert (answer.status, answer.body) == (200, "")
    assert (await end(product, made)).status == 404
    assert await product.ok("GET", "/v1/subscription?userId=ada") == []
    left = await rows.get(made["id"])
    assert left is not None
    assert left.fields["status"] == Status.DELETING
    due_at = left.fields["due_at"]
    assert isinstance(due_at, datetime)
    assert due_at > SystemClock().now() + timedelta(seconds=5)


async def test_a_provider_that_says_gone_has_removed_it(product: Running, provider: Provider, rows: Documents) -> None:
    await hub(product, trigger={"logic": hooks(provider)})
    for status in (404, 410):
        provider.status = 200
        made = (await subscribe(product)).body
        provider.status = status
        assert (await end(product, made)).status == 200
        assert await rows.get(made["id"]) is None


async def test_a_making_that_was_cut_off_is_undone_at_the_provider(
    product: Running, provider: Provider, rows: Documents
) -> None:
    await hub(product, trigger={"logic": hooks(provider)})
    made = (await subscribe(product)).body
    whole = await rows.get(made["id"])
    assert whole is not None
    lapsed = SystemClock().now() - timedelta(seconds=1)
    left = replace(whole, id="cut-off", body={**whole.body, "state": None}, revision=0)
    await rows.insert(with_fields(left, status="creating", due_at=lapsed))
    await removed(rows, "cut-off")
    assert [seen.method for seen in provider.seen] == ["POST", "DELETE"]
    assert [each["id"] for each in await product.ok("GET", "/v1/subscription?userId=ada")] == [made["id"]]


async def test_deleting_the_user_removes_the_hooks_at_the_provider(
    product: Running, provider: Provider, rows: Documents
) -> None:
    await hub(product, event={"type": "user"}, trigger={"logic": hooks(provider)})
    made = (await subscribe(product)).body
    created = json.loads(provider.seen[0].body)
    await product.ok("DELETE", "/v1/user/ada")
    await removed(rows, made["id"])
    deleted = provider.seen[1]
    assert (deleted.method, deleted.query) == ("DELETE", {"id": "hook-1"})
    assert (deleted.headers["x-url"], deleted.headers["x-secret"]) == (created["url"], created["secret"])


async def test_a_hook_outlives_a_service_that_is_disabled(product: Running, provider: Provider) -> None:
    await hub(product, trigger={"logic": hooks(provider)})
    made = (await subscribe(product)).body
    await product.ok("PUT", "/v1/service/hub?userId=ada", json={"enabled": False})
    assert (await end(product, made)).status == 200
    assert [seen.method for seen in provider.seen] == ["POST", "DELETE"]
