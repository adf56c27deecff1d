"""Two platforms for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.files.platforms import Platform, platforms


@pytest.fixture
async def two() -> AsyncIterator[tuple[Platform, Platform]]:
    async with platforms() as both:
        yield both


@pytest.fixture
def acme(two: tuple[Platform, Platform]) -> Platform:
    return two[0]


@pytest.fixture
def rival(two: tuple[Platform, Platform]) -> Platform:
    return two[1]
