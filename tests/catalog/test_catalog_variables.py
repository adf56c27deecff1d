"""A variable's value: handed over, never kept here, never answered."""

from __future__ import annotations

import pytest

from libs.common.contracts.catalog import Kind
from tests.catalog.world import World


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


async def test_a_value_is_handed_over_and_its_handle_answered(world: World) -> None:
    row = await world.make("variable", "secret", value="c4nary", schema={"type": "string"})
    assert world.credentials.kept == {row["component_id"]: "c4nary"}
    handle = f"handle-of-{row['component_id']}"
    assert row["schema"] == {"type": "string", "x-secure-default": handle}
    answers = [await world.api("GET", f"/service/github/variable{path}") for path in ("", "/secret", "/secret/version")]
    grant = await world.component("secret", Kind.VARIABLE)
    assert all("c4nary" not in told for told in (*(answer.raw for answer in answers), repr(grant), repr(world.heard)))


async def test_an_update_replaces_the_value_under_the_same_identity(world: World) -> None:
    row = await world.make("variable", "secret", value="one")
    await world.ok("PUT", "/service/github/variable/secret?version=minor", {"value": {"deep": [1]}})
    assert world.credentials.kept == {row["component_id"]: {"deep": [1]}}


async def test_while_credentials_is_down_nothing_is_kept(world: World) -> None:
    before = await world.make("variable", "kept", value="one")
    world.credentials.down = True
    await world.refused(503, "POST", "/service/github/variable", {"name": "new", "value": "x"})
    path = "/service/github/variable/kept?version=1.0.0"
    await world.refused(503, "PUT", path, {"label": {"en": "changed"}, "value": "x"})
    assert await world.ok("GET", "/service/github/variable") == [before]
    await world.make("variable", "new")


async def test_a_value_is_not_handed_over_for_a_create_that_is_refused(world: World) -> None:
    await world.make("variable", "taken")
    for body in ({"name": "taken"}, {"name": "new", "schema": {"type": "nonsense"}}):
        await world.api("POST", "/service/github/variable", {**body, "value": "x"})
    assert world.credentials.kept == {}


async def test_a_value_must_fit_its_schema_and_the_refusal_never_tells_it(world: World) -> None:
    body = {"name": "port", "schema": {"type": "integer"}, "value": "c4nary"}
    answer = await world.api("POST", "/service/github/variable", body)
    assert (answer.status, answer.json["details"][0]["path"]) == (400, "value")
    assert "c4nary" not in answer.raw
    await world.refused(400, "POST", "/service/github/variable", {"name": "x", "value": None})
    assert world.credentials.kept == {}
