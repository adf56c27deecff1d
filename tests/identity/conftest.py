"""A product that tests share, each as a platform of its own; and one on a file, so that commands can run beside it."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from libs.common.clock import SystemClock
from libs.common.settings import Settings
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository
from services.product import Product
from tests.identity.platforms import Installed, Platforms
from tests.product import Running, running
from tests.shared_engines import SharedEngines

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared() -> AsyncIterator[tuple[Running, Keys]]:
    engines = SharedEngines()
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


@pytest_asyncio.fixture(loop_scope="package")
async def platforms(shared: tuple[Running, Keys]) -> Platforms:
    """A platform of this test's own."""
    product, keys = shared
    name = f"p{next(_numbers)}"
    return Platforms(product, keys, name, await keys.create(name, "tests"))


@pytest.fixture
async def installed(tmp_path: Path) -> AsyncIterator[Installed]:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(data_dir=tmp_path, store_url=url) as product:
        yield Installed(product, tmp_path, url)
