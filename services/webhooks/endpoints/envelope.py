"""The notification as hooks see it: the members that the API's reference shows, and ours."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from libs.common.clock import rfc3339


def envelope_of(
    request: web.BaseRequest, parameters: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """The request itself; a repeated query key is a list, a body that is not UTF-8 base64."""
    peer, socket = _addresses(request)
    envelope: dict[str, Any] = {
        "body": "",
        "connection": {"peer": peer, "socket": socket},
        "cookie": dict(request.cookies) if "cookie" in headers else {},
        "header": headers,
        "method": request.method.lower(),
        "path": {"platform_id" if name == "platformId" else name: value for name, value in parameters.items()},
        "query": _query(request),
    }
    try:
        envelope["body"] = body.decode()
    except UnicodeDecodeError:
        envelope["body"] = base64.b64encode(body).decode()
        envelope["bodyEncoding"] = "base64"
    return envelope


def stamped(envelope: dict[str, Any], *, id: str, at: datetime, service: str, event: str) -> dict[str, Any]:
    """With what we know of it."""
    envelope.update(id=id, receivedAt=rfc3339(at), service=service, event=event)
    return envelope


def with_json(notification: dict[str, Any], body: bytes | None = None) -> dict[str, Any]:
    """With `json`, the parsed body, null when it is not JSON; `body` replaces one that was stored apart."""
    if body is not None:
        notification = {**notification, "body": body.decode("utf-8", "replace")}
    return {**notification, "json": parsed(notification["body"])}


def parsed(body: str | bytes) -> Any:
    """A body as JSON; None when it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _addresses(request: web.BaseRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    transport = request.transport
    if transport is None:
        return {}, {}
    return _address(transport.get_extra_info("peername")), _address(transport.get_extra_info("sockname"))


def _address(name: Any) -> dict[str, Any]:
    return {"ip": name[0], "port": name[1]} if isinstance(name, tuple) and len(name) >= 2 else {}


def _query(request: web.BaseRequest) -> dict[str, Any]:
    query: dict[str, Any] = {}
    for name, value in request.query.items():
        if name not in query:
            query[name] = value
        elif isinstance(query[name], list):
            query[name].append(value)
        else:
            query[name] = [query[name], value]
    return query
