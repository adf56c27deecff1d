"""A real nginx: every route of the tables, every method, every service's own answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from libs.common.web.routes import Route
from services.gateway.ownership import DOCUMENTS
from tests.gateway.conftest import Gateway

pytestmark = pytest.mark.system

_ANY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE")
_METHODS = {"*": _ANY_METHOD, "PUT": ("PUT", "PATCH"), "GET": ("GET", "HEAD")}
_VALUES = ("a1B2", "a%2Fb", "..%2f", "x.y~z-_", "%E2%82%AC", "a+b@c:d;e=f", "%7B%22%7D")
_ODD = {
    "/": "catalog",
    "/v1": "catalog",
    "/v1/nothing": "catalog",
    "/v1/user/": "identity",
    "/v2/user": "identity",
    "/v2/subscription/x": "webhooks",
    "/v1/execute/x/y": "executor",
    "//v1/user": "catalog",
    "/v1//user": "catalog",
    "/v1/%75ser": "catalog",
    "/v1/./user": "catalog",
    "/v1/x/../user": "catalog",
    "/v1/user/..": "identity",
    "/v1/user/x%2Ftoken": "identity",
    "/v1/service/../user/x/token": "catalog",
    "/V1/user": "identity",
    "/-/apis": "catalog",
}
_HIDDEN = (
    *("/internal", "/internal/", "/internal/identity.find_user", "//internal/x", "/%69nternal/x", "/INTERNAL/x"),
    *("/v1/../internal/x", "/./internal/x", "/internal%2Fx", "/%2Finternal/x", "/internal/x?y#z", "///internal"),
    *("/healthz", "/healthz/", "//healthz", "/%68ealthz", "/Healthz", "/v1/%2e%2e/healthz", "/healthz?x=1"),
    *("/readyz", "/readyz/x", "/metrics", "/%6Detrics", "/x/..//metrics", "/metrics;/../metrics"),
    *("/-/api", "/-/inbound", "/-/nothing", "/-/late", "/x/../-/api", "/%2D/api"),
)
_UNREADABLE_LINES = (
    b"GET /../v1/user HTTP/1.1",
    b"GET /v1/user/%zz HTTP/1.1",
    b"GET /v1/user/%00 HTTP/1.1",
    b"GET /v1/us er HTTP/1.1",
    b"get /v1/user HTTP/1.1",
    b"GET v1/user HTTP/1.1",
    b"GET /v1/" + b"x" * 9_000 + b" HTTP/1.1",
    b"\x16\x03\x01 / HTTP/1.1",
)
_UNREADABLE_HEADERS = (
    b"Host: x\r\nx: " + b"y" * 40_000,
    b"Host: a b",
    b"Host: x\r\nx y: z",
    b"Host: x\r\nTransfer-Encoding: gzip",
    b"x: y",
)


def _requests(tables: Mapping[str, tuple[Route, ...]]) -> Iterator[tuple[str, str, str]]:
    for service, routes in tables.items():
        for route in routes:
            for method in _METHODS.get(route.method, (route.method,)):
                for value in _VALUES if "{" in route.path else ("",):
                    yield service, method, re.sub(r"\{\w+\}", value, route.path)
    for path in DOCUMENTS:
        yield "catalog", "GET", path


async def test_every_route_of_the_tables_reaches_its_service(
    gateway: Gateway, tables: Mapping[str, tuple[Route, ...]]
) -> None:
    requests = list(_requests(tables))
    assert len(requests) > 400
    for service, method, path in requests:
        body = b'{"a": 1}' if method in ("POST", "PUT", "PATCH") else None
        answer = await gateway.ask(method, f"{path}?userId=a%2Fb&x=1&x=2", data=body)
        assert answer.status == 200, (method, path, answer)
        told = gateway.services[service].received.pop()
        assert (told["method"], told["target"]) == (method, f"{path}?userId=a%2Fb&x=1&x=2")
        assert told["bytes"] == len(body or b"")
        assert not any(each.received for each in gateway.services.values())


async def test_odd_paths_are_judged_as_they_were_sent(gateway: Gateway) -> None:
    for path, service in _ODD.items():
        answer = await gateway.ask("GET", path)
        assert (answer.status, answer.body["service"], answer.body["target"]) == (200, service, path)


async def test_what_is_hidden_is_not_there(gateway: Gateway) -> None:
    for path in _HIDDEN:
        for method in ("GET", "POST"):
            answer = await gateway.ask(method, path, headers={"x-request-id": "mine"})
            _check_problem(answer, 404, "not_found", "There is nothing at this path.")
    assert not any(each.received for each in gateway.services.values())


async def test_hidden_paths_as_absolute_targets_are_not_there(gateway: Gateway) -> None:
    answer = await gateway.send(b"GET http://x/internal/y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert not any(each.received for each in gateway.services.values())


async def test_absolute_targets_are_routed_by_their_path(gateway: Gateway) -> None:
    answer = await gateway.send(b"GET http://x/v1/user?a=1 HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert gateway.services["identity"].received.pop()["target"] == "/v1/user?a=1"
    answer = await gateway.send(b"GET http://x?a=1 HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert gateway.services["catalog"].received.pop()["target"] == "/?a=1"


async def test_a_request_that_cannot_be_read_is_a_problem(gateway: Gateway) -> None:
    lines = [line + b"\r\nHost: x" for line in _UNREADABLE_LINES]
    headers = [b"GET /v1/user HTTP/1.1\r\n" + each for each in _UNREADABLE_HEADERS]
    for request in (*lines, *headers):
        answer = await gateway.send(request + b"\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 "), request
        assert b"Content-Type: application/problem+json" in answer
        assert b'"code":"unreadable_request"' in answer
    assert not any(each.received for each in gateway.services.values())


async def test_a_method_that_nginx_keeps_to_itself_is_a_problem(gateway: Gateway) -> None:
    answer = await gateway.ask("TRACE", "/v1/user", headers={"x-request-id": "mine"})
    _check_problem(answer, 405, "method_not_allowed", "No path takes this method.")


async def test_many_requests_share_few_connections(gateway: Gateway) -> None:
    async def one(number: int) -> int:
        answer = await gateway.ask("POST", f"/v1/user?n={number}", data=b"x" * number)
        return answer.body["bytes"] if answer.status == 200 else -answer.status

    numbers = range(2_000)
    assert await asyncio.gather(*map(one, numbers)) == list(numbers)
    received = gateway.services["identity"].received
    assert len(received) == len(numbers)
    assert len({told["connection"] for told in received}) <= 200


def _check_problem(answer: Any, status: int, code: str, message: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers.getall("x-request-id") == ["mine"]
    assert answer.headers["Server"] == "nginx"
    assert answer.body.pop("title")
    assert answer.body == {
        "type": "about:blank",
        "status": status,
        "detail": message,
        "error": message,
        "code": code,
        "requestId": "mine",
    }
