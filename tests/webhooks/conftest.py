"""A provider on loopback, and subscriptions and cascades without their neighbours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

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
