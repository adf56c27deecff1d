"""Builders for webhook tests: a service with an event and a trigger, a subscriber, and a provider that signs."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import web

from tests.product import Answer, Running

ROUTE = {"@type": "reference", "operation": "source", "path": ["json", "trigger"]}
PAYLOAD = {"number": {"@type": "reference", "operation": "source", "path": ["json", "number"]}}


@dataclass
class Subscriber:
    """A real server that keeps what it is sent; `answer` decides how it answers."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[int], Awaitable[web.Response]] | None = None
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((dict(request.headers), await request.read()))
        async with self.arrived:
            self.arrived.notify_all()
        return await self.answer(len(self.received)) if self.answer else web.Response()

    async def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The bodies, once so many have arrived."""
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= count)
        return [json.loads(body) for _, body in self.received]


@asynccontextmanager
async def subscriber() -> AsyncIterator[Subscriber]:
    taking = Subscriber()
    app = web.Application(client_max_size=16 << 20)
    app.router.add_route("*", "/{tail:.*}", taking.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    taking.url = f"http://{host}:{port}/hook"
    try:
        yield taking
    finally:
        await runner.cleanup()


@dataclass
class Story:
    """A service `hub` with event `notification` and trigger `opened`, and its inbound URL."""

    product: Running
    service_id: str
    path: str
    secret: str

    async def subscribe(self, url: str | None, user: str = "ada", **body: Any) -> dict[str, Any]:
        path = f"/v1/service/hub/trigger/opened/subscription?userId={user}"
        made: dict[str, Any] = await self.product.ok("POST", path, json={"url": url, **body} if url else body)
        return made

    async def send(self, content: Any, *, id: str | None = None, secret: str | None = None, **headers: str) -> Answer:
        """Posts as GitHub does: raw bytes, signed."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        signature = hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()
        sent = {"x-hub-signature-256": f"sha256={signature}", "content-type": "application/json", **headers}
        if id is not None:
            sent["x-github-delivery"] = id
        return await self.product.plain("POST", self.path, data=BytesIO(body), headers=sent)

    async def notifications(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = await self.product.ok("GET", "/v1/service/hub/notification")
        return listed

    async def settled(self, count: int) -> list[dict[str, Any]]:
        """The notifications, once so many have been worked off."""
        async with asyncio.timeout(10):
            while True:
                listed = await self.notifications()
                if len([each for each in listed if each["status"] != "received"]) >= count:
                    return listed
                await asyncio.sleep(0.01)


async def hub(product: Running, *, event: dict[str, Any] | None = None, trigger: dict[str, Any] | None = None) -> Story:
    """Makes the user `ada` and the service; `event` and `trigger` replace members of the components."""
    await product.ok("POST", "/v1/user", json={"userId": "ada", "email": "ada@example.com"})
    service = await product.ok("POST", "/v1/service?userId=ada", json={"name": "hub"})
    await product.ok(
        "POST",
        "/v1/service/hub/event?userId=ada",
        json={
            "name": "notification",
            "type": "webhook",
            "published": True,
            "config": {"verify": "github"},
            "logic": {"route": ROUTE},
            **(event or {}),
        },
    )
    await product.ok(
        "POST",
        "/v1/service/hub/trigger?userId=ada",
        json={"name": "opened", "logic": {"trigger": PAYLOAD}, **(trigger or {})},
    )
    setting = await product.ok("GET", "/v1/service/hub/webhookSetting?userId=ada")
    return Story(product, service["id"], setting["url"].removeprefix(product.url), setting["secret"])
