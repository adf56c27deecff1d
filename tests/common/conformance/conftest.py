"""The servers that the drivers are tried on."""

from __future__ import annotations

import pytest

from tests.common.conformance.mongo_engine import MongoEngine
from tests.common.conformance.mongo_opened import Said
from tests.engines.fixtures import EngineUrls


@pytest.fixture
def mongo_url(engine_urls: EngineUrls) -> str:
    """Asked often for its state: by its default a client hears of a new primary only after ten seconds."""
    return f"{engine_urls.store}/?serverMonitoringMode=poll&heartbeatFrequencyMS=500"


@pytest.fixture
def url(mongo_url: str) -> str:
    """Databases of this test's own."""
    return MongoEngine(mongo_url).url


@pytest.fixture
def said() -> Said:
    return Said()
