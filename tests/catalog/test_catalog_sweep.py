"""What nothing names is deleted, and never anything else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.catalog.world import World


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


async def kept(world: World) -> int:
    contents, _ = await world.contents.written_before(world.clock.now() + timedelta(days=1), None, 500)
    return len(contents)


async def test_contents_that_were_replaced_or_deleted_go_after_a_while(world: World) -> None:
    await world.make("trigger", "changed")
    await world.make("action", "deleted")
    row = await world.ok("PUT", "/service/github/trigger/changed", {"label": {"en": "new"}})
    await world.ok("DELETE", "/service/github/action/deleted")
    await world.sweep.round()
    assert await kept(world) == 3
    world.clock.advance(hours=2)
    await world.sweep.round()
    assert await kept(world) == 1
    assert await world.ok("GET", "/service/github/trigger/changed") == row


async def test_what_a_published_version_pins_stays_until_the_version_goes(world: World) -> None:
    await world.make("trigger", "t", label={"en": "frozen"})
    await world.ok("POST", "/service/github/version", {"name": "1"})
    await world.ok("POST", "/service/github/version", {"name": "2", "published": True})
    await world.ok("PUT", "/service/github/trigger/t", {"label": {"en": "new"}})
    world.clock.advance(hours=2)
    await world.sweep.round()
    assert await kept(world) == 2
    await world.ok("DELETE", "/service/github/version/2")
    await world.sweep.round()
    assert await kept(world) == 1


async def test_a_refused_create_leaves_nothing_for_long(world: World) -> None:
    await world.make("action", "a")
    contents = await kept(world)
    await world.refused(409, "POST", "/service/github/action", {"name": "a"})
    assert await kept(world) == contents


@pytest.mark.parametrize(
    ("noun", "body"),
    [("action", {"name": "a"}), ("version", {"name": "1"}), ("security", {"type": "basic", "id": "s"})],
)
async def test_what_is_made_in_a_service_that_is_removed_meanwhile_is_undone(
    world: World, noun: str, body: dict[str, str]
) -> None:
    id = (await world.ok("GET", "/service/github"))["id"]
    service = await world.services.get(id)
    assert service is not None
    tombstone = await world.services.save(service.model_copy(update={"removed_at": world.clock.now()}), [])
    await world.refused(404, "POST", f"/service/github/{noun}", body)
    await world.services.save(tombstone.model_copy(update={"removed_at": None}), [])
    assert await world.ok("GET", f"/service/github/{noun}") == []
