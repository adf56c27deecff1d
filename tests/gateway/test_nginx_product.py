"""The product itself behind nginx says what it says without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from yarl import URL

from libs.common.web.routes import Route
from services.gateway.nginx import Site, nginx_conf
from services.gateway.upstreams import UPSTREAMS
from tests.gateway.conftest import INBOUND_LIMIT_BYTES, LIMIT_BYTES
from tests.gateway.nginx import running
from tests.product import DEFAULT, Answer, Running

pytestmark = pytest.mark.system

_REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/user", {"json": {"id": "ada/x y"}}),
    ("POST", "/v1/user", {"json": {"id": "ada"}}),
    ("GET", "/v1/user/ada%2Fx%20y", {}),
    ("GET", "/v1/user?limit=1", {}),
    ("HEAD", "/v1/user/ada", {}),
    ("PATCH", "/v1/user/ada", {"json": {"name": "Ada"}}),
    ("POST", "/v1/user", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
    ("GET", "/v1/user", {"headers": {"api_key": "wrong"}}),
    ("OPTIONS", "/v1/user", {}),
    ("DELETE", "/v1/execute", {}),
    ("GET", "/v1/service?userId=ada", {}),
    ("GET", "/v1/execution?userId=nobody", {}),
    ("POST", "/v1/execute?userId=ada", {"json": {"type": "action"}}),
    ("GET", "/v1/subscription?userId=ada", {}),
    ("GET", "/v1/service/x/token?userId=ada", {}),
    ("POST", "/platform/interactor/webhook/x", {"data": b"x"}),
    ("PROPFIND", "/platform/interactor/webhook", {}),
    ("GET", "/v2/user", {}),
    ("GET", "/v0/subscription/x", {}),
    ("GET", "/nothing", {}),
    ("GET", "/v1/user/", {}),
    ("GET", "//v1/user", {}),
    ("GET", "/", {}),
    ("GET", "/docs", {}),
    ("GET", "/openapi.json", {}),
]


async def test_the_product_answers_as_it_does_alone(product: Running, tables: Mapping[str, tuple[Route, ...]]) -> None:
    address = urlsplit(product.url).netloc

    def configuration(listen: str, folder: str) -> str:
        upstreams = dict.fromkeys(UPSTREAMS, (address,))
        return nginx_conf(tables, Site(upstreams, LIMIT_BYTES, INBOUND_LIMIT_BYTES, listen=[listen], folder=folder))

    async def ask(base: str, method: str, target: str, options: dict[str, Any]) -> Answer:
        headers = {**DEFAULT, "x-request-id": "mine", **options.get("headers", {})}
        url = URL(base + target, encoded=True)
        async with product.session.request(method, url, **{**options, "headers": headers}) as response:
            kept = {name: value for name, value in response.headers.items() if name not in ("Server", "Date")}
            return Answer(response.status, await response.read(), kept)

    async with running(configuration) as nginx:
        for method, target, options in _REQUESTS:
            alone = await ask(product.url, method, target, options)
            assert await ask(nginx.url, method, target, options) == _with_connection(alone), (method, target)


def _with_connection(answer: Answer) -> Answer:
    """nginx says in words that a connection stays open."""
    return Answer(answer.status, answer.body, {**answer.headers, "Connection": "keep-alive"})
