"""Platforms of a running product: users and groups over HTTP, keys by command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import orjson

from libs.common.settings import Settings
from services.commands import create_key, list_keys, revoke_key
from services.identity.keys.keys import Keys
from tests.product import Answer, Running

Command = Callable[[Settings, argparse.Namespace], Awaitable[int]]


class Platforms:
    """Asks as one platform, unless the key of another is given. In a path, `~` begins ids that are this test's own."""

    def __init__(self, product: Running, keys: Keys, name: str, key: str) -> None:
        self._product = product
        self._keys = keys
        self._name = name
        self._key = key

    async def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        options = {} if body is None else {"json": body}
        return await self._product.plain(method, self.own(path), headers={"api_key": key or self._key}, **options)

    def own(self, text: str) -> str:
        return text.replace("~", f"{self._name}-")

    async def make_user(self, *, key: str | None = None, **members: Any) -> Answer:
        return await self.ask("POST", "/v1/user", members, key=key)

    async def user(self, user_id: str, *, key: str | None = None) -> Any:
        answer = await self.ask("GET", f"/v1/user/{user_id}", key=key)
        return answer.body if answer.status == 200 else answer.body["code"]

    async def make_group(self, *, by: str | None = None, key: str | None = None, **members: Any) -> str:
        """The group's id."""
        answer = await self.ask("POST", f"/v1/group{acting(by)}", {"name": "a group", **members}, key=key)
        assert answer.status == 200, answer.body
        return str(answer.body["id"])

    async def members(self, group_id: str) -> dict[str, str]:
        """Their roles by user id."""
        answer = await self.ask("GET", f"/v1/group/{group_id}/user")
        return {row["userId"]: row["role"] for row in answer.body}

    async def status(self, method: str, path: str, body: Any = None, *, by: str | None = None) -> int:
        return (await self.ask(method, f"{path}{acting(by)}", body)).status

    async def make_key(self, platform: str) -> str:
        """Of another platform, which is this test's own too."""
        return await self._keys.create(f"{self._name}-{platform}", "tests")


class Installed:
    """A product on a file, asked with the key `default`, and the commands beside it."""

    def __init__(self, product: Running, data_dir: Path, store_url: str, **settings: Any) -> None:
        self._product = product
        self._settings = Settings(data_dir=data_dir, store_url=store_url, **settings)

    async def ask(self, method: str, path: str, *, key: str = "default") -> Answer:
        return await self._product.plain(method, path, headers={"api_key": key})

    async def make_key(self, platform: str, name: str = "") -> str:
        return (await self._run(create_key, platform=platform, name=name)).strip()

    async def keys(self, platform: str) -> list[list[str]]:
        """The columns of `keys list`: id, when it was made, state, last use, name."""
        lines = (await self._run(list_keys, platform=platform, json=False)).splitlines()
        return [re.split(r" {2,}", line) for line in lines]

    async def keys_as_json(self, platform: str) -> Any:
        return orjson.loads(await self._run(list_keys, platform=platform, json=True))

    async def revoke(self, platform: str, key_id: str, *, at: str | None = None) -> None:
        await self._run(revoke_key, platform=platform, key_id=key_id, at=at)

    async def _run(self, command: Command, **arguments: Any) -> str:
        with redirect_stdout(TextIOWrapper(BytesIO())) as said, redirect_stderr(StringIO()):
            assert await command(self._settings, argparse.Namespace(**arguments)) == 0
            said.seek(0)
            return said.read()


def acting(user_id: str | None) -> str:
    """The query in which a user acts, or none."""
    return "" if user_id is None else f"?userId={user_id}"
