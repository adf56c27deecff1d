"""What a service version holds of each component, as `GET …/version/{versionId}/component` answers it."""

from __future__ import annotations

from tests.catalog.world import World

PATH = "/service/github/version"


async def test_a_draft_shows_the_latest_published_row_of_each(world: World) -> None:
    await world.make_service()
    greet = await world.make("action", "greet", label={"en": "Greet"})
    await world.make("event", "notification")
    await world.ok("POST", PATH, {"name": "1"})
    await world.ok("PUT", "/service/github/action/greet?version=2.0.0", {"published": False})
    assert await world.ok("GET", f"{PATH}/1/component") == [
        {
            "kind": "action",
            "name": "greet",
            "identity": greet["component_id"],
            "rowId": greet["id"],
            "version": "1.0.0",
            "content": {"label": {"en": "Greet"}, "tag": None, "schema": {}, "logic": {}},
        }
    ]
    await world.refused(404, "GET", f"{PATH}/2/component")


async def test_a_published_one_shows_what_it_froze_whatever_came_later(world: World) -> None:
    await world.make_service()
    await world.make("action", "greet", label={"en": "Greet"})
    await world.make("trigger", "pushed")
    await world.ok("POST", PATH, {"name": "1", "published": True})
    held = await world.ok("GET", f"{PATH}/1/component")
    await world.ok("PUT", "/service/github/action/greet?version=1.0.0", {"name": "hello", "label": {"en": "Hello"}})
    await world.make("action", "later")
    assert await world.ok("GET", f"{PATH}/1/component") == held
    assert [(each["kind"], each["name"]) for each in held] == [("action", "greet"), ("trigger", "pushed")]


async def test_it_is_paged(world: World) -> None:
    await world.make_service()
    for name in ("a", "b", "c"):
        await world.make("action", name)
    for version in ({"name": "draft"}, {"name": "1", "published": True}):
        await world.ok("POST", PATH, version)
        path, seen = f"/v1{PATH}/{version['name']}/component?limit=2", []
        while path:
            answer = await world.api("GET", path.removeprefix("/v1"))
            seen += [each["name"] for each in answer.json]
            path = answer.headers["Link"].partition("<")[2].partition(">")[0] if "Link" in answer.headers else ""
            path = path.replace("&userId=ann", "")
        assert seen == ["a", "b", "c"]


async def test_another_platform_sees_a_public_service_without_its_drafts(world: World) -> None:
    await world.make_service()
    await world.make("action", "greet")
    await world.ok("POST", PATH, {"name": "1"})
    await world.ok("POST", "/service/github/publish?contributor_id=ann")
    await world.ok("POST", PATH, {"name": "2"})
    rita = {"key": "rival-key", "user": "rita"}
    assert [each["name"] for each in await world.ok("GET", f"{PATH}/1/component", **rita)] == ["greet"]
    await world.refused(404, "GET", f"{PATH}/2/component", **rita)
