"""A product that tests share, each as a platform of its own; and one on a file, so that commands can run beside it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.identity.keys.keys import Keys
from tests.identity.platforms import Installed, Platforms
from tests.product import Running, running, running_on
from tests.shared_engines import SharedEngines

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared() -> AsyncIterator[tuple[Running, Keys]]:
    async with running_on(SharedEngines()) as started:
        yield started


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
