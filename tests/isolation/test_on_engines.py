"""The same on MongoDB and Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from libs.common.ids import new_id
from tests.engines.fixtures import EngineUrls
from tests.isolation import test_isolation as isolation
from tests.isolation.conftest import Town, inhabited
from tests.shared_engines import SharedEngines

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(engine_urls: EngineUrls) -> AsyncIterator[Town]:
    prefix = f"t{new_id()[-12:]}"
    urls = {"store_url": f"{engine_urls.store}/{prefix}", "bus_url": f"{engine_urls.bus}/{prefix}?replication=1"}
    async with inhabited(await asyncio.to_thread(SharedEngines, **urls)) as town:
        yield town


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    "check",
    [
        isolation.test_another_platforms_things_are_not_there,
        isolation.test_a_public_service_is_used_by_every_platform_and_changed_by_its_own,
        isolation.test_the_built_in_service_is_the_same_for_every_platform_and_changed_by_none,
        isolation.test_what_is_shared_with_groups_is_not_there_for_others,
        isolation.test_what_the_platform_shares_is_used_by_its_users_and_changed_by_its_creator,
        isolation.test_what_is_shared_with_groups_is_used_by_their_members_and_changed_by_their_admins,
        isolation.test_the_owner_reads_everything_of_its_own,
    ],
)
async def test_it_holds_on_mongodb_and_kafka(
    city: Town, check: Callable[[Town, bool], Awaitable[None]], by_name: bool
) -> None:
    await check(city, by_name)
