"""The internal port of another process, and the settings of one that asks it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.contracts.calls import Answers
from libs.common.contracts.catalog import FIND_SERVICE
from libs.common.contracts.credentials import FIND_VARIABLES
from libs.common.contracts.identity import AUTHENTICATE_KEY
from libs.common.internal import internal_app
from libs.common.role_tokens import RoleKeys
from libs.common.settings import Settings
from services.internal_tls import server_context
from services.roles import SERVICES

KEYS = {service: Ed25519PrivateKey.generate() for service in SERVICES}
OWNERS = ("catalog", "credentials", "identity")


def believing(keys: Mapping[str, Ed25519PrivateKey] = KEYS) -> str:
    """INTERNAL_PUBLIC_KEYS."""
    return ",".join(f"{service}={_base64(key.public_key().public_bytes_raw())}" for service, key in keys.items())


def asking(url: str, **others: str) -> dict[str, Any]:
    """What an executor is told of its neighbours: all at one URL, but for `others`."""
    urls = {**dict.fromkeys(OWNERS, url), **others}
    return {
        "peer_urls": ",".join(f"{owner}={at}" for owner, at in urls.items()),
        "internal_private_key": _base64(KEYS["executor"].private_bytes_raw()),
        "internal_public_keys": believing(),
    }


@asynccontextmanager
async def internal_port(public_keys: str | None = None, tls: Settings | None = None) -> AsyncIterator[str]:
    """All owners behind one port, which finds nothing; its URL."""
    keys = RoleKeys.parse(_base64(KEYS["catalog"].private_bytes_raw()), public_keys or believing())
    runner = web.AppRunner(internal_app(_ANSWERS, keys, metrics=bytes, check=lambda: None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(tls) if tls else None)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"https://localhost:{port}" if tls else f"http://{host}:{port}"
    await runner.cleanup()


async def _nothing(_: Any) -> None:
    return None


_ANSWERS: Answers = dict.fromkeys((AUTHENTICATE_KEY, FIND_SERVICE, FIND_VARIABLES), _nothing)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
