"""Versions of components: exact, minor and major, drafts, and which row a reference means."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from services.catalog.components import numbers
from tests.catalog.world import World


@pytest.fixture(autouse=True)
async def _service_with_an_action(world: World) -> None:
    await world.make_service()
    await world.make("action", "a", label={"en": "one"}, tag=["t"])


async def change(world: World, version: str, ref: str = "a", **body: Any) -> Any:
    return await world.ok("PUT", f"/service/github/action/{ref}?version={version}", body)


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", (2, 0, 0)), ("1.10", (1, 10, 0)), ("1.2.3", (1, 2, 3)), ("", None), ("1.", None), ("a", None),
     ("1.2.3.4", None), ("-1", None), ("1.0\n", None), ("٣", None)],
)  # fmt: skip
def test_a_version_is_numbers_between_dots(text: str, number: numbers.Number | None) -> None:
    assert numbers.parse(text) == number


def test_the_next_versions_count_the_first_or_second_part() -> None:
    assert numbers.following((2, 0, 0), "minor") == "2.1.0"
    assert numbers.following((1, 9, 4), "minor") == "1.10.0"
    assert numbers.following((1, 9, 4), "major") == "2.0.0"


@pytest.mark.parametrize("kind", ["action", "variable"])
async def test_an_update_says_which_version(world: World, kind: str) -> None:
    row = await world.make(kind, "named")
    for ref in ("named", row["id"]):
        problem = await world.refused(400, "PUT", f"/service/github/{kind}/{ref}", {"label": {}})
        assert problem["details"][0]["path"] == "version"
        assert "minor" in problem["error"]


async def test_minor_and_major_make_the_next_row_from_the_latest(world: World) -> None:
    minor = await change(world, "minor", label={"en": "two"})
    assert (minor["version"], minor["label"], minor["tag"]) == ("1.1.0", {"en": "two"}, ["t"])
    major = await change(world, "major", tag=None)
    assert (major["version"], major["label"], major["tag"]) == ("2.0.0", {"en": "two"}, None)
    rows = await world.ok("GET", "/service/github/action/a/version")
    assert [row["version"] for row in rows] == ["2.0.0", "1.1.0", "1.0.0"]
    assert len({row["component_id"] for row in rows}) == 1
    assert len({row["id"] for row in rows}) == 3


async def test_an_exact_version_changes_that_row_or_makes_it(world: World) -> None:
    changed = await change(world, "1.0.0", label={"en": "changed"})
    assert changed["version"] == "1.0.0"
    assert await world.ok("GET", f"/service/github/action/{changed['id']}") == changed
    made = await change(world, "3", label={"en": "three"})
    assert (made["version"], made["label"]) == ("3", {"en": "three"})
    assert (await change(world, "3.0.0", label={"en": "again"}))["id"] == made["id"]
    assert (await change(world, "minor"))["version"] == "3.1.0"


@pytest.mark.parametrize("version", ["latest", "1.x", "", "1.0.0.0"])
async def test_what_is_no_version_is_refused(world: World, version: str) -> None:
    for method, body in (("PUT", {}), ("GET", None)):
        problem = await world.refused(400, method, f"/service/github/action/a?version={version}", body)
        assert problem["details"][0]["path"] == "version"


async def test_reading_picks_the_latest_published_row_or_the_one_that_is_named(world: World) -> None:
    draft = await change(world, "minor", published=False, label={"en": "draft"})
    assert (await world.ok("GET", "/service/github/action/a"))["version"] == "1.0.0"
    assert (await world.ok("GET", f"/service/github/action/{draft['component_id']}"))["version"] == "1.0.0"
    assert await world.ok("GET", f"/service/github/action/{draft['id']}") == draft
    assert await world.ok("GET", "/service/github/action/a?version=1.1") == draft
    await world.refused(404, "GET", "/service/github/action/a?version=9")
    assert [row["version"] for row in await world.ok("GET", "/service/github/action")] == ["1.0.0"]
    await change(world, "1.1.0", published=True)
    assert (await world.ok("GET", "/service/github/action/a"))["version"] == "1.1.0"


async def test_events_and_triggers_change_the_row_of_the_id_or_the_latest(world: World) -> None:
    first = await world.make("event", "e")
    second = await world.ok("PUT", "/service/github/event/e?version=minor", {"config": {"n": 2}})
    assert second["published"] is False
    await world.ok("PUT", f"/service/github/event/{first['id']}", {"config": {"n": 1}})
    await world.ok("PUT", "/service/github/event/e", {"setting": {"n": 2}})
    rows = await world.ok("GET", f"/service/github/event/{first['event_id']}/version")
    assert [(row["config"], row["setting"]) for row in rows] == [({"n": 2}, {"n": 2}), ({"n": 1}, {})]


async def test_deleting_a_row_leaves_the_others_and_the_last_takes_the_component(world: World) -> None:
    first = await world.ok("GET", "/service/github/action/a")
    second = await change(world, "minor")
    assert await world.ok("DELETE", f"/service/github/action/{second['id']}") == {}
    assert await world.ok("GET", "/service/github/action/a") == first
    assert world.heard[-1]["deleted"] is False
    await world.ok("DELETE", f"/service/github/action/{first['id']}")
    await world.refused(404, "GET", "/service/github/action/a")
    assert world.heard[-1]["deleted"] is True


async def test_the_id_of_a_deleted_first_row_stays_with_its_component(world: World) -> None:
    first = await world.ok("GET", "/service/github/action/a")
    await change(world, "minor")
    await world.ok("DELETE", f"/service/github/action/{first['id']}")
    problem = await world.refused(409, "POST", "/service/github/action", {"id": first["id"], "name": "b"})
    assert problem["code"] == "id_taken"


async def test_changing_published_alone_keeps_the_content(world: World) -> None:
    before = await world.component("a")
    await change(world, "1.0.0", published=False)
    assert await world.component("a") is None
    await change(world, "1.0.0", published=True)
    assert await world.component("a", Kind.ACTION) == before
