"""Two platforms of a running catalog, each with its key and a user, that services are exported from and pushed to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from services.files.client import Client
from services.files.export import find
from services.files.parsing import parsed
from services.files.push import Options, push
from services.files.serializing import serialized
from tests.catalog.world import Answer, World, running_world


class Broken(Exception):
    """The pusher was cut off."""


class RecordingClient(Client):
    """Keeps what it wrote; breaks off before the write of that number."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key)
        self.written: list[tuple[str, str]] = []
        self.breaks_before: int | None = None

    async def write(self, method: str, path: tuple[str, ...], body: object, query: Mapping[str, str]) -> Any:
        if len(self.written) == self.breaks_before:
            raise Broken
        self.written.append((method, "/".join(path)))
        return await super().write(method, path, body, query)


class Platform:
    """What somebody with the platform's key does."""

    def __init__(self, world: World, client: RecordingClient, key: str, user: str) -> None:
        self._world = world
        self.client = client
        self._as = {"key": key, "user": user}
        self.user = user
        self.told: list[str] = []

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        return await self._world.ok(method, path, body, **self._as)

    async def attempt(self, method: str, path: str, body: object = None) -> Answer:
        return await self._world.api(method, path, body, **self._as)

    async def export(self, service: str = "github") -> bytes:
        found = await find(self.client, service)
        assert found is not None
        return serialized(found.document)

    async def push(self, text: bytes, **options: Any) -> int:
        """The exit code. What was told is kept, and so are the writes of this push alone."""
        self.client.written.clear()
        self.told = []
        options.setdefault("user", self.user)
        return await push(self.client, parsed(text), Options(**options), self.told.append)

    @property
    def writes(self) -> int:
        return len(self.client.written)

    async def remove(self, service: str = "github") -> None:
        answer = await self.attempt("DELETE", f"/service/{service}")
        assert answer.status in (200, 404), answer.raw


@asynccontextmanager
async def platforms() -> AsyncIterator[tuple[Platform, Platform]]:
    async with running_world() as world:
        url = str(world.client.make_url("/"))
        async with RecordingClient(url, "acme-key") as one, RecordingClient(url, "rival-key") as other:
            yield Platform(world, one, "acme-key", "ann"), Platform(world, other, "rival-key", "rita")
