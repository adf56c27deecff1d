"""What the product is given for a run: a service with its channels and subscriptions, a subscriber, and its history."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Container, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from tests.api_client import ApiClient
from tests.chaos.changes import SAYING, SERVICE, SPENDING, USER, saying
from tests.chaos.ledger import End, Kind, Series
from tests.chaos.load import ECHO, Channel
from tests.demo import github

_ID = {"@type": "reference", "operation": "source", "path": ["header", "x-github-delivery"]}
_NEXT = re.compile(r'<[^>]*/v1([^>]*)>; *rel="next"')
_SPEND = "spend"
_SECURITY = {
    "label": {"en": "Key"},
    "type": "apiKey",
    "config": {"in": "header", "name": "Authorization", "apply": {"hosts": ["127.0.0.1"]}},
}


class Sink:
    """The subscriber: keeps what it took and when, and refuses the first attempt of what is to be retried."""

    def __init__(self) -> None:
        self.arrivals: Counter[str] = Counter()
        self.first_at_s: dict[str, float] = {}
        self.series = Series()
        self._refused: set[str] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{kind}", self._take)
        app.router.add_get(f"/{_SPEND}", self._spent)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        id = orjson.loads(await request.read())["data"]["id"]
        if request.match_info["kind"] == Kind.RETRIED and id not in self._refused:
            self._refused.add(id)
            return web.Response(status=500)
        if request.match_info["kind"] == Kind.DELIVERED and not self.arrivals[id]:
            self.first_at_s[id] = time.monotonic()
            self.series.add(self.first_at_s[id])
        self.arrivals[id] += 1
        return web.Response()

    async def _spent(self, request: web.Request) -> web.Response:
        return web.json_response({"authorized": "Authorization" in request.headers})


class World:
    """What was made for the run, and what the product's history says of it afterwards."""

    def __init__(
        self, api: ApiClient, channels: Mapping[Kind, Channel], subscriptions: Mapping[Kind, str], security: str
    ) -> None:
        self.channels = channels
        self.security = security
        self._api = api
        self._subscriptions = subscriptions

    async def ends(self, *, besides: Container[str]) -> dict[str, End]:
        """How every notification stands, by the id that its sender gave it; those that arrived are not looked at."""
        statuses: dict[str, set[str]] = defaultdict(set)
        for subscription in self._subscriptions.values():
            async for row in pages(self._api, f"/subscription/{subscription}/delivery"):
                statuses[row["notificationId"]].add(row["status"])
                if row["status"] == "pending" and len(row["attempts"]) > 1:
                    await self._hurry(row)
        ends: dict[str, End] = {}
        async for row in pages(self._api, f"/service/{SERVICE}/notification"):
            if "delivered" in statuses[row["id"]]:
                continue
            whole = await self._api.get(f"/service/{SERVICE}/notification/{row['id']}")
            sent_as = whole["notification"]["header"]["x-github-delivery"]
            if sent_as not in besides:
                ends[sent_as] = _end(whole, statuses[row["id"]])
        return ends

    async def _hurry(self, delivery: Mapping[str, Any]) -> None:
        """By its schedule it waits minutes for its next attempt; refused, it is under way."""
        await self._api.ask("POST", f"/subscription/{delivery['subscriptionId']}/delivery/{delivery['id']}/retry")

    async def left_over(self) -> list[str]:
        """Subscriptions that are heard although their users are gone: guests' are to the trigger that drops."""
        channel, body = self.channels[Kind.DROPPED], b"{}"
        headers = github.headers(body, channel.secret, f"last-{time.monotonic_ns()}")
        answer = await self._api.send("POST", channel.path, body, headers)
        assert answer.status == 200, f"a webhook in the end was answered {answer.status}"
        while True:
            async for row in pages(self._api, f"/service/{SERVICE}/notification?limit=1"):
                if row["status"] != "received":
                    others = int(row["matched"]) - 1
                    return [f"{others} subscriptions of deleted users are heard"] if others else []
                break
            await asyncio.sleep(0.1)

    async def executions(self) -> int:
        """How many rows the history of synchronous executes has."""
        rows = [row async for row in pages(self._api, f"/execution?userId={USER}")]
        return sum(row["name"] == ECHO for row in rows)


def _end(row: Mapping[str, Any], deliveries: set[str]) -> End:
    if row["status"] == "received" or "pending" in deliveries:
        return End.UNDER_WAY
    if row["status"] == "failed" or row["errors"]:
        return End.FAILED
    if deliveries & {"dead", "cancelled"}:
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
    await api.post(f"/service?userId={USER}", {"name": SERVICE})
    security = (await _make(api, "security", _SECURITY))["id"]
    spend = {"@type": "http", "method": "GET", "url": f"{sink_url}/{_SPEND}"}
    await _make(api, "action", {"name": ECHO, "logic": {"execute": {"@type": "reference", "operation": "source"}}})
    await _make(api, "action", {"name": SPENDING, "logic": {"execute": spend}})
    await _make(api, "action", {"name": SAYING, **saying(0)})
    made = {kind: await _make_channel(api, kind, f"{sink_url}/{kind}") for kind in Kind}
    channels = {kind: channel for kind, (channel, _) in made.items()}
    return World(api, channels, {kind: subscription for kind, (_, subscription) in made.items()}, security)


async def _make_channel(api: ApiClient, kind: Kind, subscriber_url: str) -> tuple[Channel, str]:
    """An event, its trigger, and a subscription to that, whose id is answered beside the channel."""
    event = {"name": kind, "type": "standard", "published": True, "config": {"verify": "github"}}
    await _make(api, "event", {**event, "logic": {"route": kind}})
    hook = None if kind is Kind.DROPPED else {"id": _ID}
    await _make(api, "trigger", {"name": kind, "logic": {"trigger": hook}})
    path = f"/service/{SERVICE}/trigger/{kind}/subscription?userId={USER}"
    made = await api.post(path, {"url": subscriber_url, "variables": {}}, status=201)
    setting = await api.get(f"/service/{SERVICE}/webhookSetting?userId={USER}&event={kind}")
    url = urlsplit(setting["url"])
    return Channel(f"{url.path}?{url.query}", setting["secret"]), made["id"]


async def _make(api: ApiClient, noun: str, body: Mapping[str, object]) -> Any:
    return await api.post(f"/service/{SERVICE}/{noun}?userId={USER}", body)
