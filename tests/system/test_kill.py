"""SIGKILL at random moments under load: what was acknowledged is delivered."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.api_client import ApiClient
from tests.demo import github
from tests.demo.servers import listening
from tests.process import Product, start

_KILLS = 10
_SEED = 20240515
_SENDERS = 8
_PAUSE_S = 0.05
_ACKNOWLEDGED_BEFORE_A_KILL = (1, 60)
_ARRIVED_WITHIN_S = 20.0
_USER = "ada"
_ID = {"@type": "reference", "operation": "source", "path": ["header", "x-github-delivery"]}


class Arrivals:
    """A subscriber that counts how often each id arrived."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()
        self._arrived = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/", self._take)
        return app

    async def all_of(self, ids: set[str]) -> None:
        """Returns once every one of them arrived; raises TimeoutError."""
        async with asyncio.timeout(_ARRIVED_WITHIN_S):
            while not ids <= self.times.keys():
                self._arrived.clear()
                await self._arrived.wait()

    async def _take(self, request: web.Request) -> web.Response:
        self.times[orjson.loads(await request.read())["data"]["id"]] += 1
        self._arrived.set()
        return web.Response()


class Load:
    """Sends signed webhooks at a bounded rate, for as long as anybody answers; keeps what was acknowledged."""

    def __init__(self, path: str, secret: str) -> None:
        self._path = path
        self._secret = secret
        self._body = github.push_body()
        self.sent = 0
        self.acknowledged: set[str] = set()

    async def until(self, product: Product, acknowledged: int) -> None:
        """Kills the product right after so many acknowledgements, with requests under way."""
        goal = len(self.acknowledged) + acknowledged
        async with aiohttp.ClientSession(product.url) as session, asyncio.TaskGroup() as senders:
            reached = asyncio.Event()
            for _ in range(_SENDERS):
                senders.create_task(self._send_on(session, goal, reached))
            await reached.wait()
            await product.kill()

    async def _send_on(self, session: aiohttp.ClientSession, goal: int, reached: asyncio.Event) -> None:
        while await self._send(session):
            if len(self.acknowledged) >= goal:
                reached.set()
            await asyncio.sleep(_PAUSE_S)

    async def _send(self, session: aiohttp.ClientSession) -> bool:
        """Whether it was answered; what was not answered may have been kept or not."""
        self.sent += 1
        id = f"delivery-{self.sent}"
        headers = github.headers(self._body, self._secret, id)
        try:
            async with session.post(self._path, data=self._body, headers=headers) as response:
                assert response.status == 200, await response.text()
        except aiohttp.ClientError:
            return False
        self.acknowledged.add(id)
        return True


@pytest.mark.system
@pytest.mark.timeout(60)
async def test_ten_kills_under_load_lose_nothing_that_was_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moments, arrivals = random.Random(_SEED), Arrivals()
    async with listening(arrivals.app()) as sink:
        product = await start(tmp_path / "data")
        try:
            load = await _prepared(product, sink)
            for _ in range(_KILLS):
                await load.until(product, moments.randint(*_ACKNOWLEDGED_BEFORE_A_KILL))
                product = await start(tmp_path / "data")
            await arrivals.all_of(load.acknowledged)
        finally:
            await product.stop()
    twice = sum(times - 1 for times in arrivals.times.values())
    with capsys.disabled():
        sys.stdout.write(
            f"\n{_KILLS} kills: {load.sent} sent, {len(load.acknowledged)} acknowledged, "
            f"{len(arrivals.times)} delivered, {twice} more than once, 0 lost\n"
        )


async def _prepared(product: Product, sink: str) -> Load:
    """A service whose webhooks reach the sink."""
    async with ApiClient(product.url) as api:
        await api.post("/user", {"userId": _USER})
        await api.post(f"/service?userId={_USER}", {"name": "github"})
        event: dict[str, Any] = {"name": "push", "type": "standard", "published": True}
        event |= {"config": {"verify": "github"}, "logic": {"route": "pushed"}}
        await api.post(f"/service/github/event?userId={_USER}", event)
        trigger = {"name": "pushed", "logic": {"trigger": {"id": _ID}}}
        await api.post(f"/service/github/trigger?userId={_USER}", trigger)
        subscription = {"url": f"{sink}/", "variables": {}}
        path = f"/service/github/trigger/pushed/subscription?userId={_USER}"
        await api.post(path, subscription, status=201)
        setting = await api.get(f"/service/github/webhookSetting?userId={_USER}")
    url = urlsplit(setting["url"])
    return Load(f"{url.path}?{url.query}", setting["secret"])
