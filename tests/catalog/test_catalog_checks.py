"""What is refused when it is saved: logic that would not run, schemas that would not validate."""

from __future__ import annotations

from typing import Any

import pytest

from libs.logic.errors import LogicError
from libs.logic.sandbox.pool import SandboxPool
from tests.catalog.world import AnyScript, World, running_world


async def paths(world: World, kind: str, **members: Any) -> list[str]:
    problem = await world.refused(400, "POST", f"/service/github/{kind}", {"name": "x", **members})
    return [detail["path"] for detail in problem["details"]]


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()


@pytest.mark.parametrize(
    ("kind", "hooks"),
    [
        ("action", ["execute", "refresh"]),
        ("event", ["route", "response"]),
        ("trigger", ["create", "delete", "trigger", "renew"]),
    ],
)
async def test_a_kind_has_its_own_hooks(world: World, kind: str, hooks: list[str]) -> None:
    logic = {hook: {"@type": "reference", "operation": "source", "path": []} for hook in hooks}
    assert (await world.make(kind, "fine", logic=logic))["logic"] == logic
    problem = await world.refused(400, "POST", f"/service/github/{kind}", {"name": "x", "logic": {"values": 1}})
    assert problem["details"][0]["path"] == "logic.values"
    assert all(hook in problem["details"][0]["message"] for hook in hooks)


async def test_every_failure_is_told_with_its_path(world: World) -> None:
    logic = {"execute": {"a": {"@type": "nonsense"}, "b": {"@type": "http"}}, "nonsense": 1}
    schema = {"variables": [{"title": "n", "type": "integr"}], "output": {"minimum": "x"}}
    assert set(await paths(world, "action", logic=logic, schema=schema)) >= {
        "logic.nonsense",
        "logic.execute.a.@type",
        "logic.execute.b",
        "schema.variables.0.type",
        "schema.output.minimum",
    }


async def test_an_update_is_checked_too_and_a_refused_one_changes_nothing(world: World) -> None:
    before = await world.make("trigger", "t")
    await world.refused(400, "PUT", "/service/github/trigger/t", {"logic": {"trigger": {"@type": "nonsense"}}})
    assert await world.ok("GET", "/service/github/trigger/t") == before


@pytest.mark.parametrize(
    "variable",
    [
        {"title": "n", "type": "integer", "x-label": {"en": "N"}, "x-dataType": "T", "x-required": True},
        {"name": "n", "required": True, "schema": {"type": "string"}},
        {"name": "n"},
        {"title": "n", "$ref": "#/$defs/d", "$defs": {"d": {"type": "string"}}},
    ],
)
async def test_both_notations_of_variables_are_kept_as_they_came(world: World, variable: dict[str, Any]) -> None:
    schema = {"variables": [variable], "output": {"type": "object"}}
    await world.make("datatype", "T")
    assert (await world.make("action", "a", schema=schema))["schema"] == schema


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({}, "schema.variables"),
        (["n"], "schema.variables.0"),
        ([{"type": "string"}], "schema.variables.0.title"),
        ([{"title": ""}], "schema.variables.0.title"),
        ([{"title": "n"}, {"name": "n"}], "schema.variables.1.title"),
        ([{"name": "n", "required": "yes"}], "schema.variables.0.required"),
        ([{"name": "n", "type": "string"}], "schema.variables.0.type"),
        ([{"name": "n", "schema": {"type": 1}}], "schema.variables.0.schema.type"),
        ([{"title": "n", "pattern": "("}], "schema.variables.0.pattern"),
        ([{"title": "n", "$ref": "#/$defs/missing"}], "schema.variables.0"),
        ([{"title": "n", "$ref": "http://127.0.0.1:9/schema.json"}], "schema.variables.0"),
    ],
)
async def test_a_bad_variable_is_refused_where_it_is(world: World, variables: Any, path: str) -> None:
    assert await paths(world, "action", schema={"variables": variables}) == [path]


async def test_a_variables_own_schema_is_one_json_schema(world: World) -> None:
    assert await paths(world, "variable", schema={"type": "nonsense"}) == ["schema.type"]


@pytest.mark.parametrize("verify", [None, "", 1, [], {}, {"scheme": 1}])
async def test_verification_is_a_preset_or_has_a_scheme(world: World, verify: Any) -> None:
    assert await paths(world, "event", config={"verify": verify}) == ["config.verify"]
    await world.make("event", "preset", config={"verify": "github"})
    await world.make("event", "declared", config={"verify": {"scheme": "none"}})


async def test_an_event_has_one_of_the_known_types(world: World) -> None:
    for type in ("standard", "automation", "target", "user", "serviceUrl", "webhook"):
        assert (await world.make("event", type, type=type))["type"] == type
    assert await paths(world, "event", type="nonsense") == ["type"]


async def test_a_scripts_syntax_error_is_told_with_line_and_column() -> None:
    sandbox = SandboxPool(size=1)
    await sandbox.start()
    try:
        async with running_world(sandbox) as world:
            await world.make_service()
            await world.make("action", "fine", logic={"execute": {"@type": "script", "script": "return 1"}})
            broken = {"@type": "script", "script": "const a = 1;\nreturn (;"}
            body = {"name": "x", "logic": {"execute": broken}}
            problem = await world.refused(400, "POST", "/service/github/action", body)
    finally:
        await sandbox.close()
    (detail,) = problem["details"]
    assert detail["path"] == "logic.execute.script"
    assert "line 2" in detail["message"]


class Full(AnyScript):
    async def check_syntax(self, scripts: Any) -> Any:
        raise LogicError("sandbox_full", "Too many scripts are running; try again in a moment.")


async def test_while_no_sandbox_is_free_saving_is_unavailable() -> None:
    async with running_world(Full()) as world:
        await world.make_service()
        await world.refused(503, "POST", "/service/github/action", {"name": "x", "logic": {}})
