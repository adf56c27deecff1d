"""The MongoDB store against the suites."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.common.conformance.mongo_engine import MongoEngine
from tests.common.conformance.query_suite import ClaimSuite, FindingSuite, OrderSuite
from tests.common.conformance.store_suite import ContentSuite, EventSuite, UpdatingSuite, WritingSuite, jobs

__all__ = ["jobs"]

pytestmark = pytest.mark.engines


@pytest.fixture
async def engine(mongo_url: str) -> AsyncIterator[MongoEngine]:
    engine = MongoEngine(mongo_url)
    yield engine
    await engine.close()


class TestWriting(WritingSuite):
    pass


class TestUpdating(UpdatingSuite):
    pass


class TestContent(ContentSuite):
    pass


class TestEvents(EventSuite):
    pass


class TestFinding(FindingSuite):
    pass


class TestOrder(OrderSuite):
    pass


class TestClaims(ClaimSuite):
    pass
