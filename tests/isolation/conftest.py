"""Three platforms on one product: acme, whom the others must not see, rival, and spare, whose things may be changed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest_asyncio

from libs.common.clock import SystemClock
from libs.common.settings import Settings
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository
from services.product import Product
from tests.isolation.house import House
from tests.shared_engines import SharedEngines


@dataclass
class Town:
    """The product and its platforms."""

    acme: House
    rival: House
    spare: House


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def town() -> AsyncIterator[Town]:
    async with inhabited(SharedEngines()) as town:
        yield town


@asynccontextmanager
async def inhabited(engines: SharedEngines) -> AsyncIterator[Town]:
    """The product on these engines, which it starts, with everybody moved in."""
    keys = Keys(KeyRepository(engines.store), SystemClock(), default_allowed=False)
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(port=0, data_dir=Path(directory), log_level="error")
        product = await asyncio.to_thread(Product, settings, engines=engines.part())
        await engines.start()
        try:
            await product.start()
            async with aiohttp.ClientSession() as session:
                yield Town(*[await _moved_in(name, keys, product.url, session) for name in ("acme", "rival", "spare")])
        finally:
            await product.close()
            await engines.close()


async def _moved_in(platform: str, keys: Keys, url: str, session: aiohttp.ClientSession) -> House:
    house = House(platform, await keys.create(platform, "tests"), url, session)
    await house.furnish()
    return house
