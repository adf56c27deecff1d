"""The platform around the product: what its services, users and subscriptions are, its webhooks and its subscriber."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp import web

from tests.api_client import ApiClient
from tests.chaos.ledger import End, Kind, Series
from tests.demo import github

USER = "ada"
_SERVICE = "chaos"
_ID = {"@type": "reference", "operation": "source", "path": ["header", "x-github-delivery"]}
_NEXT = re.compile(r'<[^>]*/v1([^>]*)>; *rel="next"')
_ANSWERED_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a provider sends webhooks of one kind."""

    path: str
    secret: str


class Sink:
    """The subscriber: counts what it took, and refuses the first attempt of what is to be retried."""

    def __init__(self) -> None:
        self.arrivals: Counter[str] = Counter()
        self.series = Series()
        self._refused: set[str] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{kind}", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        id = orjson.loads(await request.read())["data"]["id"]
        if request.match_info["kind"] == Kind.RETRIED and id not in self._refused:
            self._refused.add(id)
            return web.Response(status=500)
        if request.match_info["kind"] == Kind.DELIVERED and not self.arrivals[id]:
            self.series.add(time.monotonic())
        self.arrivals[id] += 1
        return web.Response()


class World:
    """What was made for the run, and what can be asked of it afterwards."""

    def __init__(self, api: ApiClient, channels: dict[Kind, Channel], subscriptions: dict[Kind, str]) -> None:
        self.api = api
        self.channels = channels
        self._subscriptions = subscriptions

    async def ends(self, *, besides: Counter[str]) -> dict[str, End]:
        """How every notification stands, by the id that its sender gave it; those that arrived are not looked at."""
        arrived = {row["notificationId"] async for row in self._deliveries() if row["status"] == "delivered"}
        dead = {row["notificationId"] async for row in self._deliveries() if row["status"] in ("dead", "cancelled")}
        pending = {row["notificationId"] async for row in self._deliveries() if row["status"] == "pending"}
        ends: dict[str, End] = {}
        async for row in pages(self.api, f"/service/{_SERVICE}/notification"):
            if row["id"] in arrived and row["triggers"] != [Kind.DROPPED]:
                continue
            whole = await self.api.get(f"/service/{_SERVICE}/notification/{row['id']}")
            sent_as = whole["notification"]["header"]["x-github-delivery"]
            if besides[sent_as] == 0:
                ends[sent_as] = _end(whole, dead=row["id"] in dead, pending=row["id"] in pending)
        return ends

    async def hears(self) -> int:
        """To how many subscriptions a webhook of the dropped kind leads: more than one, and a guest's is left over."""
        channel, id = self.channels[Kind.DROPPED], f"last-{time.monotonic_ns()}"
        body = b"{}"
        await self.api.send("POST", channel.path, body, github.headers(body, channel.secret, id))
        while True:
            async for row in pages(self.api, f"/service/{_SERVICE}/notification?limit=1"):
                if row["status"] != "received":
                    return int(row["matched"])
                break
            await asyncio.sleep(0.1)

    async def executions(self) -> int:
        """How many rows the history of synchronous executes has."""
        return sum([1 async for _ in pages(self.api, f"/execution?userId={USER}")])

    async def _deliveries(self) -> AsyncIterator[dict[str, Any]]:
        for id in self._subscriptions.values():
            async for row in pages(self.api, f"/subscription/{id}/delivery"):
                yield row


def _end(row: dict[str, Any], *, dead: bool, pending: bool) -> End:
    if row["status"] == "received" or pending:
        return End.UNDER_WAY
    if row["status"] == "failed" or row["errors"]:
        return End.FAILED
    if dead:
        return End.DEAD
    return End.DROPPED if row["matched"] and row["dropped"] == row["matched"] else End.ROUTED


async def pages(api: ApiClient, path: str) -> AsyncIterator[dict[str, Any]]:
    """Every row of a list."""
    following: str | None = path
    while following:
        answer = await api.ask("GET", following)
        assert answer.status == 200, f"{following}: {answer.status} {answer.raw!r}"
        for row in answer.json:
            yield row
        found = _NEXT.search(answer.headers.get("Link", ""))
        following = found[1] if found else None


async def make_world(api: ApiClient, sink_url: str) -> World:
    await api.post("/user", {"userId": USER})
    await api.post(f"/service?userId={USER}", {"name": _SERVICE})
    action = {"name": "echo", "logic": {"execute": {"@type": "reference", "operation": "source"}}}
    await api.post(f"/service/{_SERVICE}/action?userId={USER}", action)
    channels: dict[Kind, Channel] = {}
    subscriptions: dict[Kind, str] = {}
    for kind in Kind:
        hook = None if kind is Kind.DROPPED else {"id": _ID}
        event = {"name": kind, "type": "standard", "published": True, "config": {"verify": "github"}}
        await api.post(f"/service/{_SERVICE}/event?userId={USER}", {**event, "logic": {"route": kind}})
        trigger = {"name": kind, "logic": {"trigger": hook}}
        await api.post(f"/service/{_SERVICE}/trigger?userId={USER}", trigger)
        wanted = {"url": f"{sink_url}/{kind}", "variables": {}}
        path = f"/service/{_SERVICE}/trigger/{kind}/subscription?userId={USER}&event={kind}"
        subscriptions[kind] = (await api.post(path, wanted, status=201))["id"]
        setting = await api.get(f"/service/{_SERVICE}/webhookSetting?userId={USER}&event={kind}")
        url = urlsplit(setting["url"])
        channels[kind] = Channel(f"{url.path}?{url.query}", setting["secret"])
    return World(api, channels, subscriptions)


class Cascades:
    """Users that come with a subscription and go again: what was answered must hold in the end."""

    def __init__(self, api: ApiClient, sink_url: str) -> None:
        self._api = api
        self._sink_url = sink_url
        self._number = 0
        self.gone: list[str] = []
        self.refused = 0

    async def run(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            self._number += 1
            try:
                async with asyncio.timeout(4 * _ANSWERED_WITHIN_S):
                    await self._come_and_go(f"guest{self._number}")
            except (aiohttp.ClientError, TimeoutError, AssertionError):
                self.refused += 1

    async def left_over(self) -> list[str]:
        """Deleted users that are still there."""
        return [user for user in self.gone if (await self._api.ask("GET", f"/user/{user}")).status != 404]

    async def _come_and_go(self, user: str) -> None:
        await self._api.post("/user", {"userId": user})
        path = f"/service/{_SERVICE}/trigger/{Kind.DROPPED}/subscription?userId={user}"
        await self._api.post(path, {"url": f"{self._sink_url}/{Kind.DROPPED}", "variables": {}}, status=201)
        answer = await self._api.ask("DELETE", f"/user/{user}")
        if answer.status == 200:
            self.gone.append(user)


class Load:
    """Webhooks and executes at a fixed rate, whatever the product does; keeps what was acknowledged."""

    def __init__(self, url: str, channels: dict[Kind, Channel], *, rate_per_s: float) -> None:
        self.acknowledged: dict[str, Kind] = {}
        self.series = Series()
        self.answers: Counter[str] = Counter()
        self.executes: Counter[str] = Counter()
        self.sent = 0
        self._url = url
        self._channels = channels
        self._rate_per_s = rate_per_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._body = b'{"action":"pushed"}'

    @property
    def delivered_per_s(self) -> float:
        """How many a second are to arrive at their first attempt."""
        return self._rate_per_s * 0.8

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWERED_WITHIN_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self._url, timeout=timeout, connector=connector) as session:
            next_at = time.monotonic()
            try:
                while True:
                    await asyncio.sleep(max(0.0, next_at - time.monotonic()))
                    next_at += 1 / self._rate_per_s
                    self._start(session)
            finally:
                if self._under_way:
                    await asyncio.wait(self._under_way)

    def _start(self, session: aiohttp.ClientSession) -> None:
        self.sent += 1
        kind = {0: Kind.RETRIED, 5: Kind.DROPPED}.get(self.sent % 10, Kind.DELIVERED)
        sending = [self._send(session, f"sent-{self.sent}", kind)]
        if self.sent % 10 == 7:
            sending.append(self._execute(session))
        for each in sending:
            task = asyncio.create_task(each)
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, session: aiohttp.ClientSession, id: str, kind: Kind) -> None:
        channel = self._channels[kind]
        headers = github.headers(self._body, channel.secret, id)
        status = await _status(session, channel.path, self._body, headers)
        self.answers[status] += 1
        if status == "200":
            self.acknowledged[id] = kind
            self.series.add(time.monotonic())

    async def _execute(self, session: aiohttp.ClientSession) -> None:
        headers = {"api_key": "default", "Content-Type": "application/json"}
        path = f"/v1/service/{_SERVICE}/action/echo/execute?userId={USER}"
        self.executes[await _status(session, path, b"{}", headers)] += 1


async def _status(session: aiohttp.ClientSession, path: str, body: bytes, headers: dict[str, str]) -> str:
    try:
        async with session.post(path, data=body, headers=headers) as response:
            await response.read()
            return str(response.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__
