"""Kafka against the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.common.conformance.bus_suite import DeliverySuite, FollowerSuite, PoisonSuite, RedeliverySuite
from tests.common.conformance.kafka_engine import KafkaEngine

pytestmark = pytest.mark.engines


@pytest.fixture
async def engine(engine_urls) -> AsyncIterator[KafkaEngine]:
    engine = KafkaEngine(engine_urls.bus)
    yield engine
    await engine.release()


class TestDelivery(DeliverySuite):
    pass


class TestFollowers(FollowerSuite):
    pass


class TestRedelivery(RedeliverySuite):
    pass


class TestPoison(PoisonSuite):
    pass
