"""Securities: made, found by id or label, and which one is used by default."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import FIND_SECURITY, SecurityGrant, SecurityQuestion
from tests.catalog.world import World

MEMBERS = {"id", "label", "scheme", "type", "config", "insertedAt", "updatedAt", "serviceId"}
SAMPLE: dict[str, Any] = {"label": {"en": "default"}, "type": "oauth2", "config": {}}
PATH = "/service/github/security"


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


async def found(world: World, ref: str | None = None, *, anywhere: bool = False) -> SecurityGrant | None:
    service_id = None if anywhere else (await world.ok("GET", "/service/github"))["id"]
    grant: SecurityGrant | None = await world.ask(FIND_SECURITY, SecurityQuestion(service_id=service_id, ref=ref))
    return grant


async def test_the_create_sample_answers_an_id_and_its_row_has_all_members(world: World) -> None:
    made = await world.ok("POST", PATH, SAMPLE)
    assert set(made) == {"id"}
    row = await world.ok("GET", f"{PATH}/default", user=None)
    assert set(row) == MEMBERS
    assert {name: row[name] for name in SAMPLE} == SAMPLE
    assert row["scheme"] == ""
    assert await world.ok("GET", f"{PATH}/{made['id']}") == row
    assert await world.ok("GET", PATH) == [row]


async def test_update_and_delete_answer_an_empty_object(world: World) -> None:
    made = await world.ok("POST", PATH, SAMPLE)
    config = {"apply": {"hosts": ["api.github.com"]}, "snake_case": {"@type": "reference"}}
    assert await world.ok("PUT", f"{PATH}/default?version=minor", {"label": {"en": "new"}, "config": config}) == {}
    row = await world.ok("GET", f"{PATH}/{made['id']}")
    assert (row["label"], row["config"], row["type"]) == ({"en": "new"}, config, "oauth2")
    assert await world.ok("DELETE", f"{PATH}/new", user=None) == {}
    await world.refused(404, "GET", f"{PATH}/{made['id']}")
    await world.refused(404, "DELETE", f"{PATH}/new")


async def test_a_label_that_several_have_is_ambiguous(world: World) -> None:
    made = [await world.ok("POST", PATH, SAMPLE) for _ in range(2)]
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        assert (await world.refused(409, method, f"{PATH}/default", body))["code"] == "ambiguous_label"
    await world.ok("DELETE", f"{PATH}/{made[0]['id']}")
    assert (await world.ok("GET", f"{PATH}/default"))["id"] == made[1]["id"]


async def test_a_create_with_an_id_merges_in_its_service_and_is_refused_elsewhere(world: World) -> None:
    await world.ok("POST", PATH, {**SAMPLE, "id": "s"})
    await world.ok("POST", PATH, {"id": "s", "type": "apiKey"})
    row = await world.ok("GET", f"{PATH}/s")
    assert (row["type"], row["label"]) == ("apiKey", {"en": "default"})
    await world.make_service("gitlab")
    body = {"id": "s", "type": "apiKey"}
    assert (await world.refused(409, "POST", "/service/gitlab/security", body))["code"] == "id_taken"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "type"),
        ({"type": "password"}, "type"),
        ({"type": "basic", "label": {"en": 1}}, "label.en"),
        ({"type": "basic", "config": []}, "config"),
        ({"type": "basic", "secret": "x"}, "secret"),
    ],
)
async def test_a_bad_security_is_refused_naming_the_member(world: World, body: dict[str, object], path: str) -> None:
    problem = await world.refused(400, "POST", PATH, body)
    assert [detail["path"] for detail in problem["details"]] == [path]


async def test_only_the_creator_changes_securities(world: World) -> None:
    await world.ok("POST", PATH, SAMPLE)
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/default"), ("DELETE", f"{PATH}/default")):
        await world.refused(403, method, path, SAMPLE, user="bob")
        await world.refused(404, method, path, SAMPLE, key="rival-key", user="rita")
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/default")):
        await world.refused(400, method, path, SAMPLE, user=None)


async def test_the_default_is_the_default_versions_else_the_only_one(world: World) -> None:
    assert await found(world) is None
    only = await world.ok("POST", PATH, SAMPLE)
    assert (await found(world)) == await found(world, "default") == await found(world, only["id"], anywhere=True)
    named = await world.ok("POST", PATH, {"label": {"en": "key"}, "type": "apiKey", "config": {"in": "header"}})
    assert await found(world) is None
    await world.ok("POST", "/service/github/version", {"name": "1", "defaultServiceSecurityId": "key"})
    assert (await world.ok("GET", "/service/github/version/1"))["defaultServiceSecurityId"] == named["id"]
    grant = await found(world)
    assert grant is not None
    assert (grant.id, grant.type, grant.config) == (named["id"], "apiKey", {"in": "header"})
    await world.ok("DELETE", f"{PATH}/key")
    assert await found(world) == await found(world, "default")


async def test_a_security_is_not_found_in_another_service(world: World) -> None:
    made = await world.ok("POST", PATH, SAMPLE)
    await world.make_service("gitlab")
    await world.refused(404, "GET", f"/service/gitlab/security/{made['id']}")
    assert await found(world, anywhere=True) is None
