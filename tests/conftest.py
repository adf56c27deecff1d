"""Fixtures that every test may use; blocking the event loop fails any test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

if TYPE_CHECKING:
    from tests.product import Running


@pytest.fixture(autouse=True, scope="session")
def _no_blocking() -> Iterator[BlockBuster]:
    with blockbuster_ctx(scanned_modules=["libs", "services"]) as guard:
        guard.functions["threading.Lock.acquire"].deactivate()  # exporters and metrics hold theirs for microseconds
        yield guard


@pytest.fixture
async def product() -> AsyncIterator[Running]:
    """The whole product on embedded engines in memory."""
    from tests.product import running  # the product is imported by the tests that start it

    async with running() as started:
        yield started
