"""A provider on loopback, and two platforms on one product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.identity.platforms import Platforms
from tests.product import running
from tests.runtime.provider import Provider
from tests.webhooks.house import House, running_house


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider(answer={"id": "hook-1"})
    await provider.start()
    yield provider
    await provider.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with running_house() as started:
        yield started


@pytest.fixture
async def platforms(tmp_path: Path) -> AsyncIterator[Platforms]:
    """On a file, so that the command that makes keys can run beside the product."""
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(data_dir=tmp_path, store_url=url) as product:
        yield Platforms(product, tmp_path, url)
