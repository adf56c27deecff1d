"""Deleting users and groups: gone at once, finished after a crash, and nothing lost by who comes anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from libs.common.contracts.identity import GroupsQuestion
from libs.common.engines import open_engines
from libs.common.errors import Conflict, NotFound
from libs.common.ids import seeded
from libs.common.web.paging import Page
from services.identity.acting import Actor
from tests.clock import FakeClock
from tests.identity.world import PLATFORM, Crash, World, world_on


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """With the users ann and bob."""
    clock = FakeClock()
    engines = open_engines("sqlite::memory:", "local:", clock)
    world = world_on(engines.store, clock)
    await engines.start()
    for user_id in ("ann", "bob"):
        await world.user(user_id)
    yield world
    await engines.close()


async def test_a_user_is_gone_from_the_moment_of_the_tombstone(world: World) -> None:
    await world.groups.create(await world.as_user("ann"), "team", {"name": "team"})
    await world.members.add(PLATFORM, "team", "bob", "member")
    await world.cut_off(world.users.delete(PLATFORM, "ann"))
    assert await world.roles("team") == {"bob": "member"}
    assert [user.user_id for user in (await world.users.page(PLATFORM, Page()))[0]] == ["bob"]
    assert [user.user_id for user in (await world.users.page(await world.as_user("bob"), Page()))[0]] == ["bob"]
    assert (await world.as_user("ann")).user is None
    for gone in (world.users.get(PLATFORM, "ann"), world.members.get(PLATFORM, "team", "ann")):
        with pytest.raises(NotFound):
            await gone


async def test_a_deletion_of_a_user_that_was_cut_off_is_finished_by_a_worker(world: World) -> None:
    for group_id in ("one", "two"):
        await world.groups.create(await world.as_user("ann"), group_id, {"name": group_id})
    await world.cut_off(world.users.delete(PLATFORM, "ann"))
    assert (await world.groups.readable(PLATFORM, "one")).admin_ids
    assert await world.later("users") == 1
    for group_id in ("one", "two"):
        assert (await world.groups.readable(PLATFORM, group_id)).admin_ids == ()
    assert await world.later("users") == 0


async def test_a_user_made_anew_while_its_cascade_runs_loses_nothing(world: World) -> None:
    await world.groups.create(await world.as_user("ann"), "team", {"name": "team"})
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await go_on.wait()

    world.before_end = wait
    deletion = asyncio.create_task(world.users.delete(PLATFORM, "ann"))
    await reached.wait()
    await world.user("ann")
    await world.members.add(PLATFORM, "team", "ann", "admin")
    assert await world.roles("team") == {"ann": "admin"}
    go_on.set()
    await deletion
    assert await world.roles("team") == {"ann": "admin"}
    (admin_id,) = (await world.groups.readable(PLATFORM, "team")).admin_ids
    ann = (await world.as_user("ann")).user
    assert ann is not None
    assert (ann.row_id, ann.admin_of) == (admin_id, frozenset({"team"}))


async def test_a_group_is_gone_from_the_moment_of_the_tombstone(world: World) -> None:
    ann = await world.as_user("ann")
    await world.groups.create(ann, "team", {"name": "team"})
    await world.cut_off(world.groups.delete(PLATFORM, "team"))
    with pytest.raises(NotFound):
        await world.groups.readable(PLATFORM, "team")
    assert await world.groups.page(PLATFORM, Page()) == ([], None)
    assert await world.groups.page(ann, Page()) == ([], None)
    granted = (await world.as_user("ann")).user
    assert granted is not None
    assert granted.groups == frozenset()
    question = GroupsQuestion(platform_id="acme", ids=("team",))
    assert (await world.groups.grant(question)).ids == frozenset()


async def test_a_deletion_of_a_group_that_was_cut_off_is_finished_by_a_worker(world: World) -> None:
    await world.groups.create(await world.as_user("ann"), "team", {"name": "team"})
    await world.cut_off(world.groups.delete(PLATFORM, "team"))
    assert await world.later("groups") == 1
    await world.groups.create(PLATFORM, "team", {"name": "anew"})
    assert await world.roles("team") == {}
    assert await world.later("groups") == 0


async def test_a_user_that_is_deleted_while_it_is_added_is_not_in_the_group(world: World) -> None:
    await world.groups.create(PLATFORM, "team", {"name": "team"})
    known = await world.users.known("acme", "ann")
    assert known is not None
    await world.users.delete(PLATFORM, "ann")
    with pytest.raises(NotFound):
        await world.memberships.put(PLATFORM, "team", known, "admin")
    assert (await world.groups.readable(PLATFORM, "team")).admin_ids == ()


async def test_a_request_that_comes_again_with_the_same_ids_makes_one_group(world: World) -> None:
    for actor in (PLATFORM, await world.as_user("ann")):
        made = set()
        for _ in range(2):
            with seeded(f"request of {actor.user_id}"):
                made.add((await world.groups.create(actor, None, {"name": "team"})).id)
        assert len(made) == 1


async def test_groups_are_told_to_who_asks_which_there_are(world: World) -> None:
    await world.groups.create(PLATFORM, "ours", {"name": "ours"})
    await world.groups.create(Actor("other"), "theirs", {"name": "theirs"})
    question = GroupsQuestion(platform_id="acme", ids=("ours", "theirs", "none"))
    assert (await world.groups.grant(question)).ids == {"ours"}


async def test_a_group_whose_making_was_cut_off_is_made_by_its_founder_or_goes(world: World) -> None:
    ann = await world.as_user("ann")
    memberships: Any = world.memberships
    found = memberships.found

    async def crash(*_: object) -> None:
        raise Crash

    for resumed in (True, False):
        memberships.found = crash
        with pytest.raises(Crash):
            await world.groups.create(ann, "team", {"name": "team"})
        memberships.found = found
        with pytest.raises(NotFound):
            await world.groups.readable(PLATFORM, "team")
        if resumed:
            await world.groups.create(ann, "team", {"name": "resumed"})
            assert await world.roles("team") == {"ann": "admin"}
            assert await world.later("groups") == 0
            await world.groups.delete(PLATFORM, "team")
    assert await world.later("groups") == 1
    await world.groups.create(PLATFORM, "team", {"name": "another"})
    assert await world.roles("team") == {}


async def test_a_deleted_admin_is_not_counted_while_its_cascade_runs(world: World) -> None:
    await world.groups.create(await world.as_user("ann"), "team", {"name": "team"})
    await world.members.add(PLATFORM, "team", "bob", "admin")
    await world.cut_off(world.users.delete(PLATFORM, "ann"))
    with pytest.raises(Conflict, match="last admin"):
        await world.members.remove(PLATFORM, "team", "bob")
