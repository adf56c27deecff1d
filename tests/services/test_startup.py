"""A process whose engines are down answers from its first moment on, says what it waits for, and goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from libs.common.errors import EngineRefused, Unavailable
from libs.common.settings import Settings
from libs.common.web.health import Health
from services.product import Product
from services.startup import Startup
from tests.shared_engines import SharedEngines


class Engines:
    """Engines whose start raises what `troubles` holds, one after the other, the last one again and again."""

    def __init__(self) -> None:
        self._engines = SharedEngines()
        part = self._engines.part()
        self.store, self.bus = part.store, part.bus
        self.troubles: list[Exception] = []
        self.tries = asyncio.Semaphore(0)

    async def start(self) -> None:
        self.tries.release()
        if self.troubles:
            raise self.troubles.pop(0) if len(self.troubles) > 1 else self.troubles[0]
        await self._engines.start()

    async def close(self) -> None:
        await self._engines.close()

    def watch(self, metrics: object) -> None: ...

    async def tried(self, times: int) -> None:
        """Returns once that many more tries began."""
        for _ in range(times):
            await self.tries.acquire()


@pytest.fixture
def engines() -> Engines:
    return Engines()


@pytest.fixture
async def product(engines: Any, tmp_path: Path) -> AsyncIterator[Product]:
    product = await asyncio.to_thread(Product, Settings(port=0, data_dir=tmp_path), engines=engines)
    yield product
    await product.close()


async def ask(product: Product, path: str) -> tuple[int, Any, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{product.url}{path}") as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


def down(reason: str) -> Unavailable:
    return Unavailable("store_unavailable", reason, retry_after_s=1)


async def test_it_waits_in_words_and_starts_as_soon_as_it_can(product: Product, engines: Engines) -> None:
    engines.troubles = [down("The store at db:1 refuses connections.")]
    starting = asyncio.create_task(product.start())
    await engines.tried(2)
    assert (await ask(product, "/healthz"))[0] == 200
    assert (await ask(product, "/readyz"))[1]["detail"] == "The store at db:1 refuses connections."
    status, body, headers = await ask(product, "/v1/service")
    assert (status, body["code"], headers["Retry-After"]) == (503, "starting", "1")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{product.internal_url}/healthz") as alive:
            assert alive.status == 200
        async with session.get(f"{product.internal_url}/metrics") as metrics:
            assert metrics.status == 200
    engines.troubles = []
    await starting
    assert (await ask(product, "/readyz"))[0] == 200
    assert (await ask(product, "/v1/service"))[0] == 401


async def test_a_reason_is_logged_once_until_it_changes() -> None:
    troubles = [*[down("No connection.")] * 3, *[down("No primary.")] * 2, down("No connection.")]
    waits: list[float] = []

    async def action() -> None:
        if troubles:
            raise troubles.pop(0)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    health = Health()
    with capture_logs() as logs:
        await Startup(health, sleep=sleep).step(action)
    assert [entry["reason"] for entry in logs] == ["No connection.", "No primary.", "No connection."]
    assert health.missing is None
    assert len(waits) == 6
    assert max(waits) <= 3


async def test_an_engine_that_can_not_be_used_at_all_ends_the_start(product: Product, engines: Engines) -> None:
    engines.troubles = [down("No connection."), EngineRefused("STORE_URL: the password is wrong.")]
    with capture_logs(), pytest.raises(EngineRefused, match="the password is wrong"):
        await product.start()


async def test_whoever_stops_it_while_it_waits_need_not_wait(product: Product, engines: Engines) -> None:
    engines.troubles = [down("No connection.")]
    with capture_logs():
        starting = asyncio.create_task(product.start())
        await engines.tried(1)
        starting.cancel()
        await asyncio.wait([starting])
    assert starting.cancelled()
