"""The small service of `edge`, and its log, as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.common.web.edge import Edge, serving


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs() as events:
        yield events


@pytest.fixture
async def edge(logged: list[EventDict]) -> AsyncIterator[Edge]:
    async with serving() as served:
        yield served
