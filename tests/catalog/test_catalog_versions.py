"""Service versions: made, published, and what a published one holds on to."""

from __future__ import annotations

import asyncio

import pytest

from libs.common.contracts.catalog import FIND_VERSION, VersionQuestion
from tests.catalog.world import World

MEMBERS = {
    "id", "name", "label", "published", "logic", "setting", "insertedAt", "createdBy", "updatedAt", "updatedBy",
    "serviceId", "defaultServiceSecurityId",
}  # fmt: skip
SAMPLE = {
    "name": "2",
    "label": {"en": "Gmail", "ko": "Gmail"},
    "logic": {},
    "setting": {"webhook": {"type": "standard"}},
}
PATH = "/service/github/version"


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


async def test_the_create_sample_answers_an_id_and_its_row_has_all_members(world: World) -> None:
    made = await world.ok("POST", PATH, SAMPLE)
    assert set(made) == {"id"}
    row = await world.ok("GET", f"{PATH}/2", user=None)
    assert set(row) == MEMBERS
    assert {name: row[name] for name in SAMPLE} == SAMPLE
    assert (row["published"], row["createdBy"], row["defaultServiceSecurityId"]) == (False, "ann", None)
    assert await world.ok("GET", f"{PATH}/{made['id']}") == row
    assert await world.ok("GET", PATH) == [row]


async def test_update_and_delete_version(world: World) -> None:
    await world.ok("POST", PATH, {"name": "1"})
    made = await world.ok("POST", PATH, SAMPLE)
    row = await world.ok("PUT", f"{PATH}/{made['id']}", {"name": "11"})
    assert (row["name"], row["label"]) == ("11", SAMPLE["label"])
    assert await world.ok("DELETE", f"{PATH}/11") == {}
    await world.refused(404, "GET", f"{PATH}/11")
    await world.refused(404, "DELETE", f"{PATH}/11")


async def test_the_first_version_becomes_the_default_and_the_update_of_the_service_changes_it(world: World) -> None:
    first = await world.ok("POST", PATH, {"name": "1"})
    second = await world.ok("POST", PATH, {"name": "2"})
    assert (await world.ok("GET", "/service/github"))["defaultVersionId"] == first["id"]
    row = await world.ok("PUT", "/service/github", {"defaultVersionId": "2"})
    assert row["defaultVersionId"] == second["id"]
    await world.refused(400, "PUT", "/service/github", {"defaultVersionId": "none such"})


async def test_the_default_version_can_not_be_deleted(world: World) -> None:
    await world.ok("POST", PATH, {"name": "1"})
    assert (await world.refused(409, "DELETE", f"{PATH}/1"))["code"] == "default_version"
    await world.ok("PUT", "/service/github", {"defaultVersionId": None})
    await world.ok("DELETE", f"{PATH}/1")


async def test_names_and_ids_of_versions_are_taken_once(world: World) -> None:
    await world.ok("POST", PATH, {"name": "1", "id": "v"})
    await world.ok("POST", PATH, {"name": "2"})
    assert (await world.refused(409, "POST", PATH, {"name": "1"}))["code"] == "name_taken"
    assert (await world.refused(409, "PUT", f"{PATH}/2", {"name": "1"}))["code"] == "name_taken"
    assert await world.ok("POST", PATH, {"name": "one", "id": "v"}) == {"id": "v"}
    await world.make_service("gitlab")
    assert (await world.refused(409, "POST", "/service/gitlab/version", {"name": "1", "id": "v"}))["code"] == "id_taken"
    answers = await asyncio.gather(*(world.api("POST", PATH, {"name": "same"}) for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [200, 409]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": "1", "colour": "red"}, "colour"),
        ({"name": "1", "logic": {"execute": 1}}, "logic.execute"),
        ({"name": "1", "logic": {"oauth": {"@type": "nonsense"}}}, "logic.oauth.@type"),
        ({"name": "1", "setting": {"webhook": {"type": "nonsense"}}}, "setting"),
        ({"name": "1", "setting": {"webhook": []}}, "setting"),
        ({"name": "1", "defaultServiceSecurityId": "none such"}, "defaultServiceSecurityId"),
    ],
)
async def test_a_bad_version_is_refused_naming_the_member(world: World, body: dict[str, object], path: str) -> None:
    problem = await world.refused(400, "POST", PATH, body)
    assert [detail["path"] for detail in problem["details"]] == [path]


async def test_only_the_creator_changes_versions(world: World) -> None:
    await world.ok("POST", PATH, {"name": "1"})
    for method, path, body in (("POST", PATH, {"name": "2"}), ("PUT", f"{PATH}/1", {}), ("DELETE", f"{PATH}/1", None)):
        await world.refused(403, method, path, body, user="bob")
        await world.refused(400, method, path, body, user=None)
        await world.refused(404, method, path, body, key="rival-key", user="rita")
    await world.refused(404, "GET", f"{PATH}/1", key="rival-key", user=None)


async def test_a_published_version_stays_published(world: World) -> None:
    await world.ok("POST", PATH, {"name": "1", "published": True})
    assert (await world.refused(409, "PUT", f"{PATH}/1", {"published": False}))["code"] == "version_published"
    assert (await world.ok("PUT", f"{PATH}/1", {"published": True, "label": {"en": "x"}}))["label"] == {"en": "x"}


async def test_what_a_published_version_pins_can_not_be_deleted(world: World) -> None:
    row = await world.make("action", "a")
    await world.ok("PUT", "/service/github/action/a?version=minor", {"published": False})
    await world.ok("POST", PATH, {"name": "other"})
    await world.ok("POST", PATH, {"name": "1"})
    await world.ok("PUT", f"{PATH}/1", {"published": True})
    for ref in ("a", row["id"], row["component_id"]):
        problem = await world.refused(409, "DELETE", f"/service/github/action/{ref}")
        assert problem["code"] == "pinned"
    draft = await world.ok("GET", "/service/github/action/a?version=1.1.0")
    await world.ok("DELETE", f"/service/github/action/{draft['id']}")
    await world.ok("DELETE", f"{PATH}/1")
    await world.ok("DELETE", "/service/github/action/a")


async def test_other_services_find_a_version_by_name_or_the_default_one(world: World) -> None:
    service_id = (await world.ok("GET", "/service/github"))["id"]
    assert await world.ask(FIND_VERSION, VersionQuestion(service_id=service_id)) is None
    made = await world.ok("POST", PATH, SAMPLE)
    for ref in (None, "2", made["id"]):
        grant = await world.ask(FIND_VERSION, VersionQuestion(service_id=service_id, ref=ref))
        assert (grant.id, grant.name, grant.setting) == (made["id"], "2", SAMPLE["setting"])
    assert await world.ask(FIND_VERSION, VersionQuestion(service_id=service_id, ref="9")) is None
    assert await world.ask(FIND_VERSION, VersionQuestion(service_id="another", ref=made["id"])) is None
