"""The whole product in this process on embedded engines in memory, and a client for it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from libs.common.clock import SystemClock
from libs.common.settings import Settings
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository
from services.product import Product
from tests.shared_engines import SharedEngines

DEFAULT = {"api_key": "default"}


@dataclass(frozen=True)
class Answer:
    """What the product answered; `body` is parsed where it is JSON."""

    status: int
    body: Any
    headers: Any


class Running:
    """A started product."""

    def __init__(self, product: Product, session: aiohttp.ClientSession) -> None:
        self.product = product
        self.session = session
        self.url = product.url

    async def api(self, method: str, path: str, **options: Any) -> Answer:
        """A request with the default key; `headers` and all else as aiohttp takes them."""
        options["headers"] = {**DEFAULT, **options.get("headers", {})}
        return await self.plain(method, path, **options)

    async def plain(self, method: str, path: str, **options: Any) -> Answer:
        """A request as it is given."""
        async with self.session.request(method, f"{self.url}{path}", **options) as response:
            raw = await response.read()
            as_json = "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, await response.json(content_type=None) if as_json else raw, response.headers)

    async def ok(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer that must be a success."""
        answer = await self.api(method, path, **options)
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {answer.body}"
        return answer.body


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Running]:
    """Starts the product on free ports; `settings` are fields of Settings."""
    with tempfile.TemporaryDirectory() as directory:
        given = {
            "port": 0,
            "data_dir": Path(directory),
            "store_url": "sqlite::memory:",
            "log_level": "error",
            **settings,
        }
        product = await asyncio.to_thread(Product, Settings(**given))
        try:
            await product.start()
            async with aiohttp.ClientSession() as session:
                yield Running(product, session)
        finally:
            await product.close()


@asynccontextmanager
async def running_on(engines: SharedEngines) -> AsyncIterator[tuple[Running, Keys]]:
    """Starts the product and these engines, with free ports; the keys are there to make platforms with."""
    keys = Keys(KeyRepository(engines.store), SystemClock(), default_allowed=False)
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(port=0, data_dir=Path(directory), log_level="error")
        product = await asyncio.to_thread(Product, settings, engines=engines.part())
        await engines.start()
        try:
            await product.start()
            async with aiohttp.ClientSession() as session:
                yield Running(product, session), keys
        finally:
            await product.close()
            await engines.close()
