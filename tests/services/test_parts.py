"""The product in parts: what one process does not own it asks of another, and what ends there ends everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from libs.common.contracts.credentials import FIND_CREDENTIAL
from services.api import document
from services.certificates import Certified, issue, make_authority
from tests.parts import EACH_ALONE, Parts, running_parts
from tests.webhooks.story import hub, subscriber

SUBSCRIPTION = "/v1/service/hub/trigger/opened/subscription?userId=ada"


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    async with running_parts(*EACH_ALONE) as started:
        yield started


async def echoing_action(parts: Parts) -> None:
    """The user `ada` and a service `echo` with an action `say`, whose output is its input and a variable."""
    await parts.ok("POST", "/v1/user", json={"userId": "ada"})
    await parts.ok("POST", "/v1/service?userId=ada", json={"name": "echo"})
    await parts.ok("POST", "/v1/service/echo/variable?userId=ada", json={"name": "greeting"})
    said = {
        "word": {"@type": "reference", "operation": "source", "path": ["word"]},
        "greeting": {"@type": "reference", "operation": "platformServiceVariable", "variable": "greeting"},
    }
    await parts.ok("POST", "/v1/service/echo/action?userId=ada", json={"name": "say", "logic": {"execute": said}})


async def said(parts: Parts, word: str) -> Any:
    return (await parts.ok("POST", EXECUTE, json={"word": word}))["output"]


EXECUTE = "/v1/service/echo/action/say/execute?userId=ada"
VALUE = "/v1/service/echo/variable/greeting/value?userId=ada"


async def test_a_webhook_goes_from_the_edge_through_the_workers_to_the_subscriber(parts: Parts) -> None:
    async with subscriber() as taking:
        story = await hub(parts)
        await story.subscribe(taking.url)
        assert (await story.send({"trigger": "opened", "number": 7})).status == 200
        [body] = await taking.wait_for(1)
        assert body["data"] == {"number": 7}
        [notification] = await story.settled(1)
    assert notification["status"] == "routed"


async def test_an_action_is_executed_with_what_three_other_processes_own(parts: Parts) -> None:
    await echoing_action(parts)
    await parts.ok("PUT", VALUE, json={"value": "hello"})
    assert await said(parts, "moin") == {"word": "moin", "greeting": "hello"}
    [row] = await parts.ok("GET", "/v1/execution?userId=ada")
    assert row["status"] == "succeeded"


async def test_what_is_changed_in_one_process_is_dropped_in_another(parts: Parts) -> None:
    await echoing_action(parts)
    for value in ("hello", "good evening"):
        await parts.ok("PUT", VALUE, json={"value": value})
        assert await said(parts, "x") == {"word": "x", "greeting": value}
    await parts.ok("PUT", "/v1/service/echo?userId=ada", json={"enabled": False})
    assert (await parts.api("POST", EXECUTE, json={"word": "x"})).status == 409
    await parts.ok("DELETE", "/v1/user/ada")
    assert (await parts.api("POST", EXECUTE, json={"word": "x"})).status == 404


async def test_each_process_serves_what_it_owns_and_the_document_of_all(parts: Parts) -> None:
    async with parts.session.get(f"{parts['identity'].url}/openapi.json") as answer:
        assert await answer.json() == await asyncio.to_thread(document)
    async with parts.session.get(f"{parts['identity'].url}/v1/service", headers={"api_key": "default"}) as answer:
        assert answer.status == 404
    async with parts.session.get(f"{parts['webhooks:workers'].url}/readyz") as answer:
        assert answer.status == 200
    async with parts.session.get(f"{parts['webhooks:workers'].url}/v1/subscription") as answer:
        assert answer.status == 404


async def test_only_who_runs_logic_keeps_sandboxes(parts: Parts) -> None:
    kept = {part for part in EACH_ALONE if parts[part].sandbox.pids}
    assert kept == {"catalog", "executor", "webhooks:edge", "webhooks:workers"}


async def test_roles_share_a_process_and_its_key() -> None:
    async with running_parts("catalog identity credentials", "executor webhooks") as parts:
        await echoing_action(parts)
        await parts.ok("PUT", VALUE, json={"value": "hello"})
        assert await said(parts, "x") == {"word": "x", "greeting": "hello"}


async def test_workers_of_executor_run_beside_its_edge_and_have_nothing_to_do() -> None:
    async with running_parts("catalog identity credentials webhooks", "executor:edge", "executor:workers") as parts:
        assert parts["executor:workers"].sandbox.pids == []
        await echoing_action(parts)
        await parts.ok("PUT", VALUE, json={"value": "hello"})
        assert await said(parts, "x") == {"word": "x", "greeting": "hello"}
        [row] = await parts.ok("GET", "/v1/execution?userId=ada")
        assert row["status"] == "succeeded"


@pytest.mark.parametrize(
    "gone", ["/v1/service/hub?userId=ada&force=true", "/v1/service/hub/trigger/opened?userId=ada", "/v1/user/ada"]
)
async def test_a_subscription_is_not_made_for_what_is_gone_and_not_yet_heard_of(parts: Parts, gone: str) -> None:
    """The cascade may be through before the edge hears of the deletion; then nobody would end what is made now."""
    story = await hub(parts)
    await story.subscribe("http://127.0.0.1:9/")
    parts.bus("webhooks:edge").cut_off()
    await parts.ok("DELETE", gone)
    answer = await parts.api("POST", SUBSCRIPTION, json={"url": "http://127.0.0.1:9/"})
    assert (answer.status, "was deleted meanwhile" in answer.body["detail"]) == (404, True)


async def test_a_grant_is_the_stores_even_where_the_owner_has_not_heard_yet(parts: Parts) -> None:
    await echoing_action(parts)
    await parts.ok("PUT", VALUE, json={"value": "hello"})
    await parts.ok("GET", "/v1/service/echo")
    parts.bus("catalog").cut_off()
    await said(parts, "x")
    await parts.ok("PUT", "/v1/service/echo?userId=ada", json={"enabled": False})
    assert (await parts.api("POST", EXECUTE, json={"word": "x"})).status == 409


async def test_a_role_gets_what_it_may_ask_for_and_no_more(parts: Parts) -> None:
    question = {"platformId": "interactor", "userRowId": "row", "serviceId": "service"}
    call = f"{parts['credentials'].internal_url}/internal/{FIND_CREDENTIAL.name}"
    for token, status in (("", 401), ("Bearer forged", 401)):
        async with parts.session.post(call, json=question, headers={"Authorization": token}) as answer:
            assert answer.status == status
    async with parts.session.post(f"{parts['credentials'].url}/internal/{FIND_CREDENTIAL.name}") as answer:
        assert answer.status == 404, "the API's port knows no internal calls"


async def test_the_internal_port_speaks_tls_to_those_who_trust_its_authority(tmp_path: Path) -> None:
    authority = make_authority(datetime.now(UTC))
    tls = _files(tmp_path, authority, issue(authority, ["localhost"], datetime.now(UTC)))
    async with running_parts("catalog identity credentials", "executor webhooks", secured=tls) as parts:
        await echoing_action(parts)
        await parts.ok("PUT", VALUE, json={"value": "hello"})
        assert await said(parts, "x") == {"word": "x", "greeting": "hello"}
        with pytest.raises(aiohttp.ClientError):
            await parts.session.get(parts["executor webhooks"].internal_url.replace("https", "http") + "/healthz")


async def test_an_owner_whose_certificate_another_authority_signed_is_not_believed(tmp_path: Path) -> None:
    stranger, authority = (make_authority(datetime.now(UTC)) for _ in range(2))
    tls = _files(tmp_path, authority, issue(stranger, ["localhost"], datetime.now(UTC)))
    async with running_parts("catalog identity credentials", "executor webhooks", secured=tls) as parts:
        await echoing_action(parts)
        answer = await parts.api("POST", EXECUTE, json={"word": "x"})
    assert (answer.status, answer.body["code"]) == (503, "identity_unavailable")


def _files(folder: Path, authority: Certified, server: Certified) -> dict[str, Path]:
    texts = {"ca": authority.certificate, "cert": server.certificate, "key": server.key}
    for name, text in texts.items():
        (folder / f"{name}.pem").write_text(text)
    return {f"internal_tls_{name}_file": folder / f"{name}.pem" for name in texts}
