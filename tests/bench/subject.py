"""What the bench sets up in the product through /v1, and the requests that it sends there, byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.api_client import ApiClient
from tests.bench.wire import ID_PLACE
from tests.demo import github

USER = "bench"
_DELIVERY = {"@type": "reference", "operation": "source", "path": ["header", "x-github-delivery"]}
_SCRIPT = "return { id: notification.header['x-github-delivery'] }"
_BODY = orjson.dumps(
    {
        "ref": "refs/heads/main",
        "repository": {"id": 186853002, "full_name": "harbour-lab/tide-tables", "private": False},
        "pusher": {"name": "ada", "email": "ada@harbour-lab.example"},
        "commits": [
            {"id": f"{n:040x}", "message": "Read the almanac once, not per harbour" + "." * 46, "distinct": True}
            for n in range(5)
        ],
    }
)
BODY_BYTES = len(_BODY)

RESPONSES: dict[str, Any] = {
    "data": {"id": _DELIVERY},
    "script": {"@type": "script", "script": _SCRIPT},
}


async def make_user(api: ApiClient) -> None:
    await api.post("/user", {"userId": USER})


async def make_inbound(api: ApiClient, name: str, response: Any = None, sink_port: int | None = None) -> str:
    """A service with an event and a trigger, subscribed if there is a sink; answers its webhook as a request."""
    await api.post(f"/service?userId={USER}", {"name": name})
    logic = {"route": "pushed", **({"response": response} if response is not None else {})}
    event = {"name": "push", "type": "standard", "published": True, "config": {"verify": "github"}, "logic": logic}
    await _make(api, name, "event", event)
    await _make(
        api, name, "trigger", {"name": "pushed", "logic": {"trigger": {"id": _DELIVERY, "branch": _path("ref")}}}
    )
    if sink_port is not None:
        body = {"url": f"http://127.0.0.1:{sink_port}/", "variables": {}}
        await api.post(f"/service/{name}/trigger/pushed/subscription?userId={USER}", body, status=201)
    setting = await api.get(f"/service/{name}/webhookSetting?userId={USER}")
    url = urlsplit(setting["url"])
    headers = github.headers(_BODY, setting["secret"], ID_PLACE.decode())
    return request("POST", f"{url.path}?{url.query}", _BODY, headers)


async def make_actions(api: ApiClient, sink_port: int) -> dict[str, str]:
    """A service with a token and two actions; answers the requests that execute and read them."""
    await api.post(f"/service?userId={USER}", {"name": "actions"})
    config = {"in": "header", "name": "Authorization", "prefix": "Bearer", "apply": {"hosts": ["127.0.0.1"]}}
    made = await _make(api, "actions", "security", {"label": {"en": "key"}, "type": "apiKey", "config": config})
    await api.post(f"/user/{USER}/token", {"serviceSecurityId": made["id"], "key": {"token": "bench-token"}})
    id = {"@type": "reference", "operation": "source", "path": ["id"]}
    call = {"@type": "http", "method": "POST", "url": f"http://127.0.0.1:{sink_port}/", "json": {"id": id}}
    data = {
        "id": id,
        "title": "a pull request",
        "labels": ["one", id],
        "source": {"@type": "reference", "operation": "source"},
    }
    await _make(api, "actions", "action", {"name": "call", "logic": {"execute": call}})
    await _make(api, "actions", "action", {"name": "data", "logic": {"execute": data}})
    body, headers = b'{"id":"%s"}' % ID_PLACE, {"api_key": "default", "Content-Type": "application/json"}
    path = "/v1/service/actions/action"
    return {
        "call": request("POST", f"{path}/call/execute?userId={USER}", body, headers),
        "data": request("POST", f"{path}/data/execute?userId={USER}", body, headers),
        "read": request("GET", f"{path}/call", b"", {"api_key": "default"}),
    }


def at_path(webhook: str, path: str) -> str:
    """The same request to another path: what the bare server is sent."""
    method, _, rest = webhook.split(" ", 2)
    return f"{method} {path} {rest}"


def request(method: str, target: str, body: bytes, headers: dict[str, str]) -> str:
    """A whole HTTP/1.1 request as latin-1 text."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines) + "\r\n\r\n" + body.decode("latin-1")


async def notifications(api: ApiClient, service: str) -> tuple[int, int]:
    """How many are stored, and how many of them are not worked off yet."""
    stored = unfinished = 0
    async for row in _rows(api, f"/service/{service}/notification"):
        stored += 1
        unfinished += row["status"] == "received"
    return stored, unfinished


async def undelivered(api: ApiClient, service: str) -> list[dict[str, Any]]:
    """The delivery rows of the service's subscription that have not reached the sink, with their attempts."""
    subscriptions = await api.get(f"/subscription?userId={USER}")
    id = next(row["id"] for row in subscriptions if row["service"] == service)
    path = f"/subscription/{id}/delivery?userId={USER}"
    return [row async for row in _rows(api, path) if row["status"] != "delivered"]


async def _rows(api: ApiClient, path: str) -> AsyncIterator[dict[str, Any]]:
    """A list, page after page."""
    following = f"/v1{path}"
    while following:
        answer = await api.send("GET", following)
        for row in answer.json:
            yield row
        _, _, link = answer.headers.get("Link", "").partition("<")
        following = link.partition(">")[0]


async def _make(api: ApiClient, service: str, noun: str, body: dict[str, Any]) -> Any:
    return await api.post(f"/service/{service}/{noun}?userId={USER}", body)


def _path(*steps: str) -> dict[str, Any]:
    return {"@type": "reference", "operation": "source", "path": ["json", *steps]}
