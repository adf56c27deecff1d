"""Services: every operation, its success and its refusals."""

from __future__ import annotations

import asyncio

import pytest

from libs.common.contracts.catalog import FIND_SERVICE, ServiceQuestion
from tests.catalog.world import World

LISTED = {
    "enabled", "id", "name", "type", "sharing", "insertedAt", "updatedAt", "updatedBy", "createdBy", "platformId",
    "displayOrder",
}  # fmt: skip


async def test_create_service_answers_its_id_and_nothing_else(world: World) -> None:
    body = {
        "name": "MY_SERVICE", "platformId": "acme", "enabled": True, "sharing": "none", "type": "0",
        "displayOrder": 100,
    }  # fmt: skip
    made = await world.ok("POST", "/service", body)
    assert set(made) == {"id"}


async def test_a_service_is_answered_with_the_members_of_the_reference(world: World) -> None:
    id = await world.make_service("googlecalendar", type="0", displayOrder=100)
    row = await world.ok("GET", "/service/googlecalendar", user=None)
    assert set(row) >= LISTED | {"defaultVersionId"}
    assert row["id"] == id
    assert (row["type"], row["displayOrder"], row["sharing"], row["enabled"]) == ("0", 100, "none", True)
    assert (row["createdBy"], row["updatedBy"], row["platformId"]) == ("ann", "ann", "acme")
    assert row["insertedAt"] == "2026-01-01T00:00:00"
    assert row["defaultVersionId"] is None
    assert row == await world.ok("GET", f"/service/{id}")


async def test_services_are_listed_by_display_order_then_name_in_pages(world: World) -> None:
    for name, order in (("late", 9), ("b", 1), ("a", 1)):
        await world.make_service(name, displayOrder=order)
    await world.make_service("unordered")
    first = await world.api("GET", "/service?limit=3")
    assert [row["name"] for row in first.json] == ["a", "b", "late"]
    assert set(first.json[0]) >= LISTED
    following = first.headers["Link"].partition("<")[2].partition(">")[0].removeprefix("/v1")
    rest = await world.api("GET", following, user=None)
    assert [row["name"] for row in rest.json] == ["core", "unordered"]
    assert "Link" not in rest.headers


async def test_update_service_replaces_what_is_given_and_answers_the_row(world: World) -> None:
    await world.make_service("old", icon="one.svg", type="1")
    row = await world.ok("PUT", "/service/old", {"name": "updated service", "insertedAt": "1999-01-01T00:00:00"})
    assert (row["name"], row["icon"], row["type"]) == ("updated service", "one.svg", "1")
    assert row["insertedAt"] == "2026-01-01T00:00:00"
    assert (await world.ok("PATCH", "/service/updated%20service", {"display_order": 5}))["displayOrder"] == 5
    await world.refused(404, "GET", "/service/old")


async def test_delete_service_removes_it_and_what_was_inside(world: World) -> None:
    id = await world.make_service()
    action = await world.make("action", "a")
    await world.ok("POST", "/service/github/version", {"name": "1"})
    await world.ok("POST", "/service/github/security", {"type": "apiKey"})
    assert await world.ok("DELETE", "/service/github?force=true") == {}
    for path in (f"/service/{id}", "/service/github", f"/service/{id}/action/{action['id']}"):
        await world.refused(404, "GET", path)
    await world.refused(404, "DELETE", "/service/github")
    await world.subscriptions_ended(id)
    await world.make_service(id=id)
    for noun in ("action", "version", "security"):
        assert await world.ok("GET", f"/service/github/{noun}") == []
    assert [event["deleted"] for event in world.heard if event["noun"] == "service"][-2:] == [True, False]


async def test_every_change_is_said_once_and_a_rename_with_both_names(world: World) -> None:
    id = await world.make_service("before")
    await world.ok("PUT", f"/service/{id}", {"name": "after"})
    await world.make("action", "a", service="after")
    said = [(event["noun"], event["revision"], event["serviceNames"]) for event in world.heard]
    assert said == [("service", 1, ["before"]), ("service", 2, ["before", "after"]), ("action", 1, ["after"])]
    assert {event["serviceId"] for event in world.heard} == {id}


async def test_a_create_with_an_id_that_is_there_merges(world: World) -> None:
    id = await world.make_service("github", id="my-own-id", icon="one.svg")
    assert id == "my-own-id"
    await world.make_service("gitlab", id="my-own-id")
    row = await world.ok("GET", "/service/my-own-id")
    assert (row["name"], row["icon"]) == ("gitlab", "one.svg")


async def test_an_id_of_another_platform_is_taken(world: World) -> None:
    await world.ok("POST", "/service", {"id": "x", "name": "theirs"}, key="rival-key", user="rita")
    problem = await world.refused(409, "POST", "/service", {"id": "x", "name": "mine"})
    assert problem["code"] == "id_taken"


async def test_a_name_is_taken_once_per_platform(world: World) -> None:
    await world.make_service("github")
    assert (await world.refused(409, "POST", "/service", {"name": "github"}))["code"] == "name_taken"
    other = await world.make_service("gitlab")
    assert (await world.refused(409, "PUT", f"/service/{other}", {"name": "github"}))["code"] == "name_taken"
    await world.ok("POST", "/service", {"name": "github"}, key="rival-key", user="rita")


async def test_of_two_creates_of_one_name_at_once_one_is_refused(world: World) -> None:
    answers = await asyncio.gather(*(world.api("POST", "/service", {"name": "same"}) for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_the_same_create_under_one_idempotency_key_is_one_service(world: World) -> None:
    sent = {"headers": {"Idempotency-Key": "k"}}
    first = await world.ok("POST", "/service", {"name": "github"}, **sent)
    assert await world.ok("POST", "/service", {"name": "github"}, **sent) == first
    assert await world.made() == ["github"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": " a"}, "name"),
        ({"name": "a\u0000"}, "name"),
        ({"name": "n" * 129}, "name"),
        ({"name": 1}, "name"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "enabled": "yes"}, "enabled"),
        ({"name": "a", "displayOrder": 1.5}, "displayOrder"),
        ({"name": "a", "sharing": "all"}, "sharing"),
        ({"name": "a", "sharing": "group"}, "groupIds"),
        ({"name": "a", "defaultVersionId": "1"}, "defaultVersionId"),
    ],
)
async def test_a_bad_body_is_refused_naming_the_member(world: World, body: dict[str, object], path: str) -> None:
    problem = await world.refused(400, "POST", "/service", body)
    assert [detail["path"] for detail in problem["details"]] == [path]


async def test_a_service_becomes_public_by_publishing_alone(world: World) -> None:
    await world.make_service()
    problem = await world.refused(409, "PUT", "/service/github", {"sharing": "public"})
    assert problem["code"] == "publish_required"
    assert "/publish" in problem["error"]
    await world.refused(409, "POST", "/service", {"name": "other", "sharing": "public"})


async def test_changing_needs_a_user_and_that_user_to_be_the_creator(world: World) -> None:
    await world.make_service()
    for method, path, body in (
        ("PUT", "/service/github", {"icon": "x"}),
        ("POST", "/service/github/action", {"name": "a"}),
        ("DELETE", "/service/github", None),
    ):
        await world.refused(400, method, path, body, user=None)
        assert (await world.refused(403, method, path, body, user="bob"))["code"] == "not_permitted"
        await world.refused(404, method, path, body, user="nobody")
    assert (await world.ok("GET", "/service/github", user="bob"))["icon"] is None


async def test_another_platform_sees_nothing(world: World) -> None:
    id = await world.make_service()
    for ref in (id, "github"):
        for method, path, body in (("GET", "", None), ("PUT", "", {"icon": "x"}), ("DELETE", "", None),
                                   ("GET", "/action", None), ("POST", "/action", {"name": "a"})):  # fmt: skip
            await world.refused(404, method, f"/service/{ref}{path}", body, key="rival-key", user="rita")
    assert await world.made(key="rival-key", user=None) == []
    await world.refused(403, "PUT", f"/service/{id}", {"platformId": "rival"})


async def test_a_public_service_is_read_by_every_platform_and_changed_by_its_own(world: World) -> None:
    id = await world.make_service()
    kept = await world.services.get(id)
    assert kept is not None
    await world.services.save(kept.model_copy(update={"sharing": "public"}), [])
    for ref in (id, "github"):
        assert (await world.ok("GET", f"/service/{ref}", key="rival-key", user="rita"))["id"] == id
        problem = await world.refused(403, "PUT", f"/service/{ref}", {"icon": "x"}, key="rival-key", user="rita")
        assert problem["code"] == "other_platform"
    own = await world.ok("POST", "/service", {"name": "github"}, key="rival-key", user="rita")
    assert await world.ok("GET", "/service/github", key="rival-key", user="rita") != {"id": id}
    grant = await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="rival", ref="github"))
    assert (grant.id, grant.owner_platform_id) == (own["id"], "rival")


async def test_other_services_find_it_by_id_and_by_its_name_of_now(world: World) -> None:
    id = await world.make_service("before")
    assert (await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="acme", ref="before"))).id == id
    assert await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="acme", ref="after")) is None
    await world.ok("PUT", "/service/before", {"name": "after", "enabled": False})
    assert await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="acme", ref="before")) is None
    assert (await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="acme", ref="after"))).enabled is False
    assert await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="rival", ref=id)) is None
