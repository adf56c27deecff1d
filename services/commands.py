"""Commands for operators; they may run beside a server on the same store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from libs.common.clock import SystemClock, rfc3339, wire_time
from libs.common.contracts.identity import REVOKE_KEY, KeyToRevoke
from libs.common.settings import Settings
from services.api import document
from services.from_settings import open_for_command
from services.identity.keys.keys import Keys
from services.identity.keys.models import ApiKey
from services.identity.keys.repository import KeyRepository
from services.operator import ask_as_operator

_READABLE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


async def create_key(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _keys(settings) as keys:
        secret = await keys.create(arguments.platform, arguments.name or "command line")
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write(f"This key acts for {arguments.platform!r}. It is shown this once; keep it safe.\n")
    return 0


async def list_keys(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _keys(settings) as keys:
        found = await keys.of_platform(arguments.platform)
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps([_as_json(key) for key in found], option=_READABLE))
        return 0
    for key in found:
        state = f"revoked {wire_time(key.revoked_at)}" if key.revoked_at is not None else "active"
        used = f"used {wire_time(key.last_used_at)}" if key.last_used_at is not None else "never used"
        sys.stdout.write(f"{key.id}  {wire_time(key.inserted_at)}  {state:28}  {used:25}  {key.name}\n")
    return 0


async def revoke_key(settings: Settings, arguments: argparse.Namespace) -> int:
    asked = KeyToRevoke(platform_id=arguments.platform, key_id=arguments.key_id)
    if arguments.at is not None:
        await ask_as_operator(settings, arguments.at, REVOKE_KEY, asked)
    else:
        async with _keys(settings) as keys:
            await keys.revoke_for(asked)
    sys.stderr.write("Revoked. A running server refuses it within a second.\n")
    return 0


async def print_openapi(_settings: Settings, _arguments: argparse.Namespace) -> int:
    sys.stdout.buffer.write(openapi_json())
    return 0


def openapi_json() -> bytes:
    """The API's description, as docs/openapi.json has it."""
    return orjson.dumps(document(), option=_READABLE)


def _as_json(key: ApiKey) -> dict[str, str | None]:
    return {
        "id": key.id,
        "platformId": key.platform_id,
        "name": key.name,
        "insertedAt": rfc3339(key.inserted_at),
        "lastUsedAt": rfc3339(key.last_used_at) if key.last_used_at is not None else None,
        "revokedAt": rfc3339(key.revoked_at) if key.revoked_at is not None else None,
    }


@asynccontextmanager
async def _keys(settings: Settings) -> AsyncIterator[Keys]:
    engines = open_for_command(settings)
    keys = Keys(KeyRepository(engines.store), SystemClock(), default_allowed=settings.default_key_allowed)
    await engines.start()
    try:
        yield keys
    finally:
        await engines.close()
