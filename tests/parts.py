"""The product in parts, as separate processes are: each with its roles, its ports and its key, on shared engines.

They run in this one process and ask each other over HTTP on loopback.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.settings import Settings
from services.api import route_tables
from services.product import Product
from services.roles import parse_roles
from tests.ports import Ports
from tests.product import DEFAULT, Answer
from tests.shared_engines import PartBus, SharedEngines

EACH_ALONE = ("catalog", "identity", "credentials", "executor", "webhooks:edge", "webhooks:workers")


class Parts:
    """Started parts by the roles that they were given, and a client that knows which part serves what."""

    def __init__(self, products: Mapping[str, Product], session: aiohttp.ClientSession) -> None:
        self._products = products
        self.session = session

    def __getitem__(self, roles: str) -> Product:
        return self._products[roles]

    def bus(self, roles: str) -> PartBus:
        bus: Any = self._products[roles].engines.bus
        return bus

    @property
    def url(self) -> str:
        """Where providers send their webhooks."""
        return self._edge_of("webhooks").url

    async def api(self, method: str, path: str, **options: Any) -> Answer:
        """A request with the default key."""
        options["headers"] = {**DEFAULT, **options.get("headers", {})}
        return await self.plain(method, path, **options)

    async def plain(self, method: str, path: str, **options: Any) -> Answer:
        """A request as it is given, to where a gateway would send it."""
        url = f"{self._edge_of(_owner(method, path.partition('?')[0])).url}{path}"
        async with self.session.request(method, url, **options) as response:
            raw = await response.read()
            as_json = "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, await response.json(content_type=None) if as_json else raw, response.headers)

    async def ok(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer that must be a success."""
        answer = await self.api(method, path, **options)
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {answer.body}"
        return answer.body

    def _edge_of(self, service: str) -> Product:
        return next(
            product
            for product in self._products.values()
            if any(role.edge and role.service == service for role in product.roles)
        )


@asynccontextmanager
async def running_parts(*parts: str, secured: Mapping[str, Path] | None = None) -> AsyncIterator[Parts]:
    """Starts one part for each; a part's roles are separated by spaces.

    `secured` are the settings of TLS between them, with a certificate for `localhost`.
    """
    engines = SharedEngines()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engines.close)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = stack.enter_context(Ports())
        internal = {part: ports.take() for part in parts}
        keys = _keys(parts)
        given: dict[str, Any] = {
            "port": 0,
            "data_dir": directory,
            "peer_urls": _peer_urls(parts, internal, "https://localhost" if secured else "http://127.0.0.1"),
            "internal_public_keys": _public_keys(keys),
            **(secured or {}),
        }
        products = {}
        for part in parts:
            roles = parse_roles(part.split())
            key = _base64(keys[roles[0].service].private_bytes_raw())
            fields = Settings(**given, internal_port=internal[part], internal_private_key=key)
            products[part] = await asyncio.to_thread(Product, fields, roles, engines=engines.part())
            stack.push_async_callback(products[part].close)
        await engines.start()
        for product in products.values():
            await product.start()
        yield Parts(products, await stack.enter_async_context(aiohttp.ClientSession()))


def _peer_urls(parts: Sequence[str], ports: Mapping[str, int], host: str) -> str:
    """Which part answers for each service, and where."""
    owners = {role.service: part for part in parts for role in parse_roles(part.split()) if role.edge}
    return ",".join(f"{owner}={host}:{ports[part]}" for owner, part in owners.items())


def _keys(parts: Sequence[str]) -> dict[str, Ed25519PrivateKey]:
    """By service; those that share a process share a key, and so do the processes that share a service."""
    keys: dict[str, Ed25519PrivateKey] = {}
    for part in parts:
        services = [role.service for role in parse_roles(part.split())]
        key = keys.get(services[0]) or Ed25519PrivateKey.generate()
        keys |= dict.fromkeys(services, key)
    return keys


def _public_keys(keys: Mapping[str, Ed25519PrivateKey]) -> str:
    return ",".join(f"{service}={_base64(key.public_key().public_bytes_raw())}" for service, key in keys.items())


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@cache
def _templates() -> list[tuple[str, list[str], str]]:
    return [
        (route.method, route.path.split("/"), service) for service, routes in route_tables().items() for route in routes
    ]


def _owner(method: str, path: str) -> str:
    """The service whose route is the most literal one that takes this."""
    segments = path.split("/")
    fitting = [
        (sum(segment.startswith("{") for segment in template), service)
        for known, template, service in _templates()
        if known in (method, "*") and len(template) == len(segments) and _fits(template, segments)
    ]
    return min(fitting)[1]


def _fits(template: Sequence[str], segments: Sequence[str]) -> bool:
    return all(wanted.startswith("{") or wanted == segment for wanted, segment in zip(template, segments, strict=True))
