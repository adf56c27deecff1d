"""Which row of a component runs, as the other services are told."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import LIST_COMPONENTS, ComponentsQuestion, Kind
from tests.catalog.world import World

ACTION = "/service/github/action"


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


async def version_of(world: World, ref: str, **question: Any) -> str | None:
    grant = await world.component(ref, **question)
    return grant.version if grant is not None else None


async def publish(world: World, name: str) -> None:
    await world.ok("POST", "/service/github/version", {"name": name})
    await world.ok("PUT", f"/service/github/version/{name}", {"published": True})


async def test_a_grant_holds_all_that_running_takes(world: World) -> None:
    logic = {"execute": 1}
    row = await world.make("action", "a", label={"en": "A"}, tag=["t"], schema={"variables": []}, logic=logic)
    grant = await world.component("a")
    assert grant is not None
    assert (grant.row_id, grant.identity, grant.service_id) == (row["id"], row["component_id"], row["service_id"])
    assert (grant.kind, grant.name, grant.version, grant.published) == (Kind.ACTION, "a", "1.0.0", True)
    assert grant.content == {"label": {"en": "A"}, "tag": ["t"], "schema": {"variables": []}, "logic": logic}


async def test_without_a_service_version_the_latest_published_row_runs_and_drafts_by_row_id_alone(world: World) -> None:
    await world.make("action", "a")
    draft = await world.ok("PUT", f"{ACTION}/a?version=minor", {"published": False})
    assert await version_of(world, "a") == await version_of(world, draft["component_id"]) == "1.0.0"
    assert await version_of(world, draft["id"]) == "1.1.0"
    assert await version_of(world, "a", version="1.0") == "1.0.0"
    assert await version_of(world, "a", version="1.1.0") is None
    assert await version_of(world, "a", version="nonsense") is None
    assert await version_of(world, "unknown") is None
    assert await version_of(world, "a", kind=Kind.TRIGGER) is None


async def test_an_unpublished_service_version_shows_the_latest_and_a_published_one_what_it_froze(world: World) -> None:
    await world.make("action", "a", label={"en": "one"})
    await world.ok("POST", "/service/github/version", {"name": "live"})
    await publish(world, "frozen")
    await world.ok("PUT", f"{ACTION}/a?version=1.0.0", {"label": {"en": "changed"}})
    await world.ok("PUT", f"{ACTION}/a?version=minor", {"name": "renamed"})
    await world.make("action", "later")
    assert await version_of(world, "renamed", service_version="live") == "1.1.0"
    assert await version_of(world, "later", service_version="live") == "1.0.0"
    frozen = await world.component("a", service_version="frozen")
    assert frozen is not None
    assert (frozen.version, frozen.content["label"]) == ("1.0.0", {"en": "one"})
    assert await world.component(frozen.identity, service_version="frozen") == frozen
    for unfrozen in ("later", "renamed"):
        assert await version_of(world, unfrozen, service_version="frozen") is None
    assert await version_of(world, "renamed", service_version="none such") is None


async def test_a_frozen_row_by_its_id_is_that_row_as_it_is_now(world: World) -> None:
    row = await world.make("action", "a", label={"en": "one"})
    await publish(world, "frozen")
    await world.ok("PUT", f"{ACTION}/a?version=1.0.0", {"label": {"en": "changed"}})
    grant = await world.component(row["id"])
    assert grant is not None
    assert grant.content["label"] == {"en": "changed"}


async def test_the_default_version_decides_where_none_is_named(world: World) -> None:
    await world.make("action", "a")
    await publish(world, "first")
    await world.ok("PUT", f"{ACTION}/a?version=major", {})
    assert await version_of(world, "a") == "1.0.0"
    await publish(world, "second")
    await world.ok("PUT", "/service/github", {"defaultVersionId": "second"})
    assert await version_of(world, "a") == "2.0.0"
    await world.ok("PUT", "/service/github", {"defaultVersionId": None})
    await world.ok("PUT", f"{ACTION}/a?version=major", {})
    assert await version_of(world, "a") == "3.0.0"


async def test_all_components_are_listed_as_reading_shows_them(world: World) -> None:
    for name in ("b", "a"):
        await world.make("event", name, config={"n": name})
    await world.ok("PUT", "/service/github/event/a", {"published": True})
    await world.ok("PUT", "/service/github/event/a?version=minor", {"config": {}})
    service_id = (await world.ok("GET", "/service/github"))["id"]
    listed = await world.ask(LIST_COMPONENTS, ComponentsQuestion(service_id=service_id, kind=Kind.EVENT))
    assert [(each.name, each.version, each.published, each.content["config"]) for each in listed.components] == [
        ("a", "1.0.0", True, {"n": "a"}),
        ("b", "1.0.0", False, {"n": "b"}),
    ]
    nothing = await world.ask(LIST_COMPONENTS, ComponentsQuestion(service_id=service_id, kind=Kind.ACTION))
    assert nothing.components == ()


async def test_a_ref_means_a_row_before_an_identity_before_a_name(world: World) -> None:
    by_name = await world.make("action", "x")
    assert (await world.ok("GET", f"{ACTION}/x"))["id"] == by_name["id"]
    by_identity = await world.make("action", "y", component_id="x")
    assert (await world.ok("GET", f"{ACTION}/x"))["id"] == by_identity["id"]
    by_row = await world.make("action", "z", id="y")
    assert (await world.ok("GET", f"{ACTION}/y"))["id"] == by_row["id"]
