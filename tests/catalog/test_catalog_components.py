"""Components of every kind: making, reading, listing, changing, deleting, and who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.catalog.world import World

COMMON = {"id", "name", "created_by", "inserted_at", "updated_at", "updated_by", "service_id", "published"}
# kind -> (members of its sample beside the common ones, body of the reference's create sample)
KINDS: dict[str, tuple[set[str], dict[str, Any]]] = {
    "variable": (
        {"label", "config", "required", "schema", "component_id"},
        {"label": {}, "config": {}, "required": False, "schema": {"type": "string", "x-secure-default": "a227f929"}},
    ),
    "action": (
        {"label", "tag", "schema", "logic", "component_id"},
        {"id": "bfd3b7c6-23e2-493f-a934-b61287b19e57", "name": "MY_ACTION"},
    ),
    "event": (
        {"type", "config", "logic", "setting", "event_id"},
        {"name": "MY_EVENT", "type": "webhook", "config": {}, "logic": {}, "setting": {}},
    ),
    "trigger": (
        {"label", "schema", "logic", "trigger_id"},
        {
            "label": {"en": "an email is deleted", "ko": "이메일이 영구적으로 삭제되면"},
            "name": "email.deleted",
            "schema": {},
            "logic": {},
            "trigger_id": "62d4cdc8-8e99-40f9-a6de-851cc377463e",
        },
    ),
    "condition": (
        {"label", "schema", "logic", "conditionId"},
        {"id": "809653ba-440f-439a-b8c1-dd98ea1e814e", "name": "MY_CONDITION"},
    ),
    "datatype": ({"schema", "logic", "datatype_id"}, {"name": "TestDataType"}),
}
CAMEL = {"id", "name", "createdBy", "insertedAt", "updatedAt", "updatedBy", "serviceId", "published"}
UPDATE = {kind: "?version=1.0.0" if kind in ("variable", "action", "datatype") else "" for kind in KINDS}
IDENTITY = {
    "variable": "component_id",
    "action": "component_id",
    "event": "event_id",
    "trigger": "trigger_id",
    "condition": "conditionId",
    "datatype": "datatype_id",
}
UPDATED_AT = {kind: "updatedAt" if kind == "condition" else "updated_at" for kind in KINDS}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


async def make(world: World, kind: str, name: str) -> Any:
    """The row of a new component."""
    made = await world.make(kind, name)
    return await world.ok("GET", f"/service/github/{kind}/{made['id']}")


@each_kind
async def test_the_create_sample_of_the_reference_is_answered_as_it_shows(world: World, kind: str) -> None:
    members, body = KINDS[kind]
    answered = await world.ok("POST", f"/service/github/{kind}", body)
    row = await world.ok("GET", f"/service/github/{kind}/{answered['id']}")
    assert answered == ({"id": row["id"]} if kind in ("condition", "datatype") else row)
    assert set(row) == (CAMEL if kind == "condition" else COMMON) | members | {"version"}
    assert {name: row[name] for name in body} == body
    assert row["version"] == "1.0.0"
    assert row["published"] is (kind != "event")
    camel = kind == "condition"
    assert [row["createdBy" if camel else "created_by"], row["updatedBy" if camel else "updated_by"]] == ["ann"] * 2
    assert row["id"] != row[IDENTITY[kind]]


@each_kind
async def test_a_component_is_read_by_row_id_identity_and_name(world: World, kind: str) -> None:
    row = await make(world, kind, "some.name with spaces")
    for ref in (row["id"], row[IDENTITY[kind]], "some.name%20with%20spaces"):
        assert await world.ok("GET", f"/service/github/{kind}/{ref}", user=None) == row
    await world.refused(404, "GET", f"/service/github/{kind}/unknown")


@each_kind
async def test_components_are_listed_by_name_in_pages(world: World, kind: str) -> None:
    for name in ("c", "a", "b"):
        await world.make(kind, name)
    first = await world.api("GET", f"/service/github/{kind}?limit=2")
    assert [row["name"] for row in first.json] == ["a", "b"]
    following = first.headers["Link"].partition("<")[2].partition(">")[0].removeprefix("/v1")
    assert [row["name"] for row in (await world.api("GET", following, user=None)).json] == ["c"]


@each_kind
async def test_update_replaces_what_is_given_in_either_case(world: World, kind: str) -> None:
    made = await make(world, kind, "before")
    path = f"/service/github/{kind}/{made['id']}{UPDATE[kind]}"
    sent = {"name": "after", "serviceId": "ignored", "createdBy": "ignored", "insertedAt": "ignored", "id": "ignored"}
    row = await world.ok("PUT", path, sent)
    at = UPDATED_AT[kind]
    assert row == {**made, "name": "after", at: row[at]}
    assert {**await world.ok("PATCH", path, row), at: row[at]} == row
    await world.refused(404, "GET", f"/service/github/{kind}/before")


@each_kind
async def test_delete_answers_an_empty_object_and_then_404(world: World, kind: str) -> None:
    made = await make(world, kind, "x")
    assert await world.ok("DELETE", f"/service/github/{kind}/x") == {}
    for ref in ("x", made["id"], made[IDENTITY[kind]]):
        await world.refused(404, "GET", f"/service/github/{kind}/{ref}")
        await world.refused(404, "DELETE", f"/service/github/{kind}/{ref}")
    said = world.heard[-1]
    assert (said["noun"], said["id"], said["deleted"]) == (kind, made[IDENTITY[kind]], True)


@each_kind
async def test_unknown_members_and_wrong_types_are_all_named(world: World, kind: str) -> None:
    body = {"name": "a/b", "colour": "red", "published": "yes"}
    problem = await world.refused(400, "POST", f"/service/github/{kind}", body)
    assert {detail["path"] for detail in problem["details"]} == {"name", "colour", "published"}


@pytest.mark.parametrize("kind", ["action", "event", "trigger", "condition", "datatype"])
async def test_a_name_is_required_but_for_variables(world: World, kind: str) -> None:
    problem = await world.refused(400, "POST", f"/service/github/{kind}", {})
    assert problem["details"] == [{"path": "name", "message": "required"}]


async def test_a_variable_is_named_by_its_identity_if_not_otherwise(world: World) -> None:
    row = await world.ok("POST", "/service/github/variable", {"component_id": "client_id"})
    assert (row["name"], row["component_id"]) == ("client_id", "client_id")


@each_kind
async def test_a_name_is_taken_once_per_service_and_kind(world: World, kind: str) -> None:
    await world.make(kind, "taken")
    other = await world.make(kind, "other")
    problem = await world.refused(409, "POST", f"/service/github/{kind}", {"name": "taken"})
    assert problem["code"] == "name_taken"
    path = f"/service/github/{kind}/{other['id']}{UPDATE[kind]}"
    assert (await world.refused(409, "PUT", path, {"name": "taken"}))["code"] == "name_taken"
    await world.make_service("gitlab")
    await world.make(kind, "taken", service="gitlab")


async def test_an_identity_is_taken_once_and_never_equals_a_row_id(world: World) -> None:
    made = await world.make("trigger", "a", trigger_id="i")
    for body in (
        {"name": "b", "trigger_id": "i"},
        {"name": "b", "triggerId": made["id"]},
        {"name": "b", "id": "i"},
    ):
        problem = await world.refused(409, "POST", "/service/github/trigger", body)
        assert problem["code"] in ("trigger_id_taken", "id_taken")
    await world.refused(400, "POST", "/service/github/trigger", {"name": "b", "id": "x", "trigger_id": "x"})


async def test_a_create_with_a_row_id_that_is_there_merges_into_that_row(world: World) -> None:
    made = await world.make("action", "a", id="r1", label={"en": "A"})
    merged = await world.make("action", "b", id="r1", tag=["x"])
    assert merged == {**made, "name": "b", "tag": ["x"], "updated_at": merged["updated_at"]}
    assert len(await world.ok("GET", "/service/github/action")) == 1


async def test_a_row_id_of_another_parent_is_taken(world: World) -> None:
    made = await world.make("action", "a")
    later = await world.ok("PUT", "/service/github/action/a?version=minor", {})
    await world.make_service("gitlab")
    await world.ok("POST", "/service", {"name": "theirs"}, key="rival-key", user="rita")
    for row in (made, later):
        body = {"id": row["id"], "name": "b"}
        for path, who in (
            ("/service/github/trigger", {}),
            ("/service/gitlab/action", {}),
            ("/service/theirs/action", {"key": "rival-key", "user": "rita"}),
        ):
            assert (await world.refused(409, "POST", path, body, **who))["code"] == "id_taken"


async def test_a_row_id_may_come_again_once_its_component_is_gone(world: World) -> None:
    await world.make("action", "a", id="r1", label={"en": "old"})
    first = await world.component("r1")
    await world.ok("DELETE", "/service/github/action/a")
    await world.make("action", "a", id="r1", label={"en": "new"})
    second = await world.component("r1")
    assert first is not None
    assert second is not None
    assert second.content["label"] == {"en": "new"}
    assert second.content_revision > first.content_revision


@pytest.mark.parametrize("bodies", [[{"name": "same"}] * 3, [{"name": "a", "id": "r"}, {"name": "b", "id": "r"}]])
async def test_creates_that_race_leave_one_component(world: World, bodies: list[dict[str, str]]) -> None:
    answers = await asyncio.gather(*(world.api("POST", "/service/github/action", body) for body in bodies))
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert len(await world.ok("GET", "/service/github/action")) == 1


async def test_of_two_changes_at_once_none_is_lost_unnoticed(world: World) -> None:
    await world.make("trigger", "t")
    bodies = [{"label": {"en": "x"}}, {"schema": {"variables": []}}]
    answers = await asyncio.gather(*(world.api("PUT", "/service/github/trigger/t", body) for body in bodies))
    row = await world.ok("GET", "/service/github/trigger/t")
    for body, answer in zip(bodies, answers, strict=True):
        held = all(row[name] == value for name, value in body.items())
        assert held if answer.status == 200 else answer.json["code"] == "changed_meanwhile"


async def test_the_same_create_under_one_idempotency_key_is_one_component(world: World) -> None:
    sent = {"headers": {"Idempotency-Key": "k"}}
    first = await world.ok("POST", "/service/github/action", {"name": "a"}, **sent)
    assert await world.ok("POST", "/service/github/action", {"name": "a"}, **sent) == first


@each_kind
async def test_only_the_creator_of_the_service_changes_what_is_inside(world: World, kind: str) -> None:
    await world.make(kind, "a")
    path = f"/service/github/{kind}/a"
    for method, where, body in (
        ("POST", f"/service/github/{kind}", {"name": "b"}),
        ("PUT", f"{path}{UPDATE[kind]}", {"name": "b"}),
        ("DELETE", path, None),
    ):
        await world.refused(403, method, where, body, user="bob")
        await world.refused(404, method, where, body, key="rival-key", user="rita")
    await world.refused(400, "POST", f"/service/github/{kind}", {"name": "b"}, user=None)
    await world.refused(404, "GET", path, key="rival-key", user=None)
    await world.ok("GET", path, user="bob")


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("variable", 0), ("action", 0), ("event", 1), ("trigger", 1), ("condition", 1), ("datatype", 0)],
)
async def test_deleting_needs_a_user_where_the_reference_says_so(world: World, kind: str, needed: bool) -> None:
    await world.make(kind, "a")
    answer = await world.api("DELETE", f"/service/github/{kind}/a", user=None)
    assert answer.status == (400 if needed else 200)
