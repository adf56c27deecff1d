"""Fixtures that every test may use; blocking the event loop fails any test."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import structlog
from blockbuster import BlockBuster, blockbuster_ctx

if TYPE_CHECKING:
    from tests.product import Running

pytest_plugins = ["tests.engines.fixtures"]


@pytest.fixture(autouse=True, scope="session")
def _no_blocking() -> Iterator[BlockBuster]:
    with blockbuster_ctx(scanned_modules=["libs", "services"]) as guard:
        guard.functions["threading.Lock.acquire"].deactivate()  # exporters and metrics hold theirs for microseconds
        yield guard


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> Iterator[None]:
    """A command that a test runs sets up logging for the whole process, to a stream that ends with the test."""
    handlers, level = logging.root.handlers, logging.root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        logging.root.handlers = handlers
        logging.root.setLevel(level)


@pytest.fixture
async def product() -> AsyncIterator[Running]:
    """The whole product on embedded engines in memory."""
    from tests.product import running  # the product is imported by the tests that start it

    async with running() as started:
        yield started
