"""A product on a file, so that commands can run beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.identity.platforms import Platforms
from tests.product import running


@pytest.fixture
async def platforms(tmp_path: Path) -> AsyncIterator[Platforms]:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(data_dir=tmp_path, store_url=url) as product:
        yield Platforms(product, tmp_path, url)
