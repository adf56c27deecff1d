"""Groups on MongoDB: what many change at once, and what a crash leaves behind.

No test here depends on a unique key that a document gave up: not every server that speaks MongoDB's protocol frees it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from libs.common.errors import Conflict
from libs.common.web.paging import Page
from services.identity.acting import Actor
from tests.common.conformance.mongo_engine import MongoEngine
from tests.engines.fixtures import EngineUrls
from tests.identity.world import PLATFORM, World, world_on

pytestmark = pytest.mark.engines


@pytest.fixture
async def world(engine_urls: EngineUrls) -> AsyncIterator[World]:
    """With the users ann, bob and eve, and a group whose admins are ann and bob."""
    engine = MongoEngine(engine_urls.store)
    opened = await engine.open()
    world = world_on(opened.store, engine.clock)
    await opened.start()
    for user_id in ("ann", "bob", "eve"):
        await world.user(user_id)
    await world.groups.create(await world.as_user("ann"), "team", {"name": "team"})
    await world.members.add(PLATFORM, "team", "bob", "admin")
    yield world
    await engine.close()


async def test_of_two_admins_who_leave_at_once_one_stays(world: World) -> None:
    ann, bob = await world.as_user("ann"), await world.as_user("bob")
    left = await asyncio.gather(
        world.members.remove(ann, "team", "ann"), world.members.remove(bob, "team", "bob"), return_exceptions=True
    )
    assert [type(each) for each in left if each is not None] == [Conflict]
    assert list((await world.roles("team")).values()) == ["admin"]


async def test_many_are_made_admins_at_once(world: World) -> None:
    users = [f"user {number}" for number in range(10)]
    await asyncio.gather(*(world.user(user) for user in users))
    await asyncio.gather(*(world.members.add(PLATFORM, "team", user, "admin") for user in users))
    assert (await world.roles("team")).keys() == {"ann", "bob", *users}
    assert set((await world.roles("team")).values()) == {"admin"}


async def test_lists_are_narrowed_and_ordered(world: World) -> None:
    bob = await world.as_user("bob")
    assert [user.user_id for user in (await world.users.page(bob, Page()))[0]] == ["ann", "bob"]
    assert [group.id for group in (await world.groups.page(bob, Page()))[0]] == ["team"]
    assert (await world.groups.page(await world.as_user("eve"), Page()))[0] == []
    assert [user.user_id for user in (await world.users.page(PLATFORM, Page()))[0]] == ["ann", "bob", "eve"]


async def test_deletions_that_were_cut_off_are_finished_by_a_worker(world: World) -> None:
    await world.cut_off(world.users.delete(PLATFORM, "ann"))
    assert await world.roles("team") == {"bob": "admin"}
    with pytest.raises(Conflict, match="last admin"):
        await world.members.remove(PLATFORM, "team", "bob")
    assert await world.later("users") == 1
    assert len((await world.groups.readable(PLATFORM, "team")).admin_ids) == 1
    await world.cut_off(world.groups.delete(Actor("acme"), "team"))
    assert await world.later("groups") == 1
    assert [await world.later(worker) for worker in ("users", "groups")] == [0, 0]
    bob = (await world.as_user("bob")).user
    assert bob is not None
    assert bob.groups == frozenset()
