"""The product as separate processes behind nginx, on a real MongoDB and a real Kafka."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from services.api import document
from tests.api_client import ApiClient
from tests.demo.narrator import Narrator
from tests.demo.story import Story
from tests.engines.fixtures import EngineUrls
from tests.runtime.provider import Provider
from tests.split.running import Split, split

pytestmark = [
    pytest.mark.system,
    pytest.mark.engines,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]
_FELT_WITHIN_S = 1.0
_USER = "grace"
_WORD = {"@type": "reference", "operation": "source", "path": ["word"]}
_EXECUTE = f"/service/echo/action/say/execute?userId={_USER}"


@dataclass
class Run:
    """A split run with every line that its processes wrote, and what a command beside it is given."""

    split: Split
    lines: list[str]
    environment: dict[str, str]

    async def command(self, *arguments: str) -> str:
        """What the command prints."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services", *arguments),
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def run(engine_urls: EngineUrls) -> AsyncIterator[Run]:
    lines: list[str] = []
    prefix = f"split{uuid4().hex[:8]}"
    store_url, bus_url = f"{engine_urls.store}/{prefix}", f"{engine_urls.bus}/{prefix}"
    async with split(store_url, bus_url, hear=lambda name, line: lines.append(f"{name}: {line}")) as running:
        await running.ready()
        yield Run(running, lines, {"STORE_URL": store_url, "BUS_URL": bus_url})


@pytest_asyncio.fixture(loop_scope="module")
async def api(run: Run) -> AsyncIterator[ApiClient]:
    async with ApiClient(run.split.url) as client:
        yield client


async def _felt(what: Callable[[], Awaitable[bool]], within_s: float = _FELT_WITHIN_S) -> None:
    """Holds once a change is seen everywhere, which takes no longer than a second."""
    since_s = time.monotonic()
    while not await what():
        assert time.monotonic() - since_s < within_s, f"a change was not seen within {within_s:g} s"
        await asyncio.sleep(0.01)


async def test_the_whole_story_goes_through_the_gateway(run: Run, api: ApiClient) -> None:
    told = io.StringIO()
    workers = SimpleNamespace(metrics_url=f"{run.split.internal_url('webhooks:workers')}/metrics")
    await Story(workers, api, Narrator(told)).play()
    assert "✗" not in told.getvalue()


async def test_the_gateway_shows_the_whole_api(api: ApiClient) -> None:
    answer = await api.send("GET", "/openapi.json")
    assert answer.json == await asyncio.to_thread(document)  # it reads a file


async def test_what_is_written_in_one_process_is_felt_in_the_others_within_a_second(api: ApiClient) -> None:
    await _make_echo(api)

    async def executes(status: int) -> bool:
        return (await api.ask("POST", _EXECUTE, {"word": "x"})).status == status

    async def says(word: str) -> bool:
        return (await api.post(_EXECUTE, {"word": "x"}))["output"] == word

    assert await executes(200)
    for enabled in (False, True):
        await api.put(f"/service/echo?userId={_USER}", {"enabled": enabled})
        await _felt(lambda status=200 if enabled else 409: executes(status))
    await api.put(f"/service/echo/action/say?userId={_USER}&version=minor", {"logic": {"execute": "always this"}})
    await _felt(lambda: says("always this"))
    await api.ask("DELETE", f"/user/{_USER}")
    await _felt(lambda: executes(404))


@pytest.mark.parametrize(("user", "gone"), [("hans", "/user/hans"), ("hugo", "/service/hugos?userId=ann&force=true")])
async def test_what_is_deleted_is_gone_everywhere_and_its_hook_is_still_removed(
    api: ApiClient, user: str, gone: str
) -> None:
    provider = Provider(answer={"id": "hook-1"})
    await provider.start()
    try:
        token, subscription = await _make_hooked(api, provider, user)
        await api.ask("DELETE", gone)
        for path in (gone, f"/service/{user}s/token/{token}?userId={user}", f"/subscription/{subscription}"):
            await _felt(lambda path=path: _missing(api, path))
        await _felt(lambda: _removed(provider), within_s=10)
    finally:
        await provider.close()
    assert [seen.headers["authorization"] for seen in provider.seen] == [f"Bearer token-of-{user}"] * 2


async def _make_hooked(api: ApiClient, provider: Provider, user: str) -> tuple[str, str]:
    """A service of ann's, the user's token for it and subscription, whose remote hook both are needed for."""
    request = {"@type": "http", "url": f"{provider.url}/hooks"}
    hooks = {"create": {**request, "method": "POST"}, "delete": {**request, "method": "DELETE"}}
    for each in ("ann", user):
        await api.post("/user", {"userId": each})
    await api.post("/service?userId=ann", {"name": f"{user}s"})
    await api.post(f"/service/{user}s/security?userId=ann", {"type": "bearer", "label": {"en": "key"}})
    await api.post(f"/service/{user}s/trigger?userId=ann", {"name": "t", "logic": hooks})
    key = {"key": {"token": f"token-of-{user}"}}
    token = await api.post(f"/user/{user}/token", {"serviceId": f"{user}s", **key})
    path = f"/service/{user}s/trigger/t/subscription?userId={user}"
    made = await api.post(path, {"url": f"{provider.url}/hook"}, status=201)
    return token["id"], made["id"]


async def _removed(provider: Provider) -> bool:
    return provider.seen[-1].method == "DELETE"


async def _missing(api: ApiClient, path: str) -> bool:
    return (await api.ask("GET", path.partition("&")[0])).status == 404


async def test_a_key_that_a_command_makes_opens_every_door_and_revoked_none(run: Run) -> None:
    key = (await run.command("keys", "create", "--platform", "acme")).strip()
    async with ApiClient(run.split.url, key) as api:

        async def opens(path: str, status: int) -> bool:
            return (await api.ask("GET", path)).status == status

        doors = ("/service", "/user", "/subscription", "/execution")
        await api.post("/user", {"userId": "eve"})
        for door in doors:
            assert await opens(f"{door}?userId=eve", 200), door
        [listed] = (await run.command("keys", "list", "--platform", "acme")).splitlines()
        await run.command("keys", "revoke", "--platform", "acme", listed.split()[0])
        for door in doors:
            await _felt(lambda door=door: opens(f"{door}?userId=eve", 401))


async def test_a_process_that_dies_is_started_again_and_the_others_go_on(run: Run, api: ApiClient) -> None:
    await api.get("/service")
    identity = run.split.processes["identity"]
    identity.kill()
    await api.get("/service")
    await identity.started()
    await run.split.ready()
    assert (identity.starts, identity.exit_codes) == (2, [-9])
    assert "identity: *** identity ended with exit code -9 and starts again in 0.5 s" in run.lines
    assert (await api.ask("GET", "/user")).status == 200


async def _make_echo(api: ApiClient) -> None:
    await api.post("/user", {"userId": _USER})
    await api.post(f"/service?userId={_USER}", {"name": "echo"})
    action: dict[str, Any] = {"name": "say", "logic": {"execute": _WORD}}
    await api.post(f"/service/echo/action?userId={_USER}", action)
