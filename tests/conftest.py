"""Fixtures that every test may use; blocking the event loop fails any test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from tests.product import Running, running


@pytest.fixture(autouse=True)
def _no_blocking() -> Iterator[BlockBuster]:
    with blockbuster_ctx(scanned_modules=["libs", "services"]) as guard:
        yield guard


@pytest.fixture
async def product() -> AsyncIterator[Running]:
    """The whole product on embedded engines in memory."""
    async with running() as started:
        yield started
