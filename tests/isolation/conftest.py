"""Three platforms on one product: acme, whom the others must not see, rival, and spare, whose things may be changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest_asyncio

from services.identity.keys.keys import Keys
from tests.isolation.house import House
from tests.product import running_on
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
    async with running_on(engines) as (product, keys):
        names = ("acme", "rival", "spare")
        yield Town(*[await _moved_in(name, keys, product.url, product.session) for name in names])


async def _moved_in(platform: str, keys: Keys, url: str, session: aiohttp.ClientSession) -> House:
    house = House(platform, await keys.create(platform, "tests"), url, session)
    await house.furnish()
    return house
