"""Commands for operators; they may run beside a server on the same store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from libs.common.clock import SystemClock, wire_time
from libs.common.settings import Settings
from services.api import document
from services.from_settings import open_for_command
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository


async def create_key(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _keys(settings) as keys:
        secret = await keys.create(arguments.platform, arguments.name or "command line")
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write(f"This key acts for {arguments.platform!r}. It is shown this once; keep it safe.\n")
    return 0


async def list_keys(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _keys(settings) as keys:
        for key in await keys.of_platform(arguments.platform):
            state = f"revoked {wire_time(key.revoked_at)}" if key.revoked_at is not None else "active"
            sys.stdout.write(f"{key.id}  {wire_time(key.inserted_at)}  {state:28}  {key.name}\n")
    return 0


async def revoke_key(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _keys(settings) as keys:
        await keys.revoke(arguments.platform, arguments.key_id)
    sys.stderr.write("Revoked. A running server refuses it within a second.\n")
    return 0


async def print_openapi(_settings: Settings, _arguments: argparse.Namespace) -> int:
    sys.stdout.buffer.write(openapi_json())
    return 0


def openapi_json() -> bytes:
    """The API's description, as docs/openapi.json has it."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@asynccontextmanager
async def _keys(settings: Settings) -> AsyncIterator[Keys]:
    engines = open_for_command(settings)
    keys = Keys(KeyRepository(engines.store), SystemClock(), default_allowed=settings.default_key_allowed)
    await engines.start()
    try:
        yield keys
    finally:
        await engines.close()
