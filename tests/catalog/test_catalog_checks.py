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
        ("condition", ["execute"]),
        ("datatype", ["values", "execute"]),
    ],
)
async def test_a_kind_has_its_own_hooks(world: World, kind: str, hooks: list[str]) -> None:
    logic = {hook: {"@type": "reference", "operation": "source", "path": []} for hook in hooks}
    await world.make(kind, "fine", logic=logic)
    assert (await world.ok("GET", f"/service/github/{kind}/fine"))["logic"] == logic
    problem = await world.refused(400, "POST", f"/service/github/{kind}", {"name": "x", "logic": {"nothing": 1}})
    assert problem["details"][0]["path"] == "logic.nothing"
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


async def test_syntax_errors_of_scripts_and_expressions_are_told_with_line_and_column() -> None:
    sandbox = SandboxPool(size=1)
    await sandbox.start()
    try:
        async with running_world(sandbox) as world:
            await world.make_service()
            await world.make("action", "fine", logic={"execute": {"@type": "script", "script": "return 1"}})
            script = {"@type": "script", "script": "const a = 1;\nreturn (;"}
            expression = {"@type": "expression", "expression": "$sum(a\n.b"}
            body = {"name": "x", "logic": {"execute": [script, expression, {"@type": "expression", "expression": "1"}]}}
            problem = await world.refused(400, "POST", "/service/github/action", body)
    finally:
        await sandbox.close()
    in_script, in_expression = problem["details"]
    assert in_script["path"] == "logic.execute.0.script"
    assert "line 2" in in_script["message"]
    assert in_expression["path"] == "logic.execute.1.expression"
    assert "line 2, column 2" in in_expression["message"]


async def test_whatever_is_wrong_with_logic_is_told_at_once() -> None:
    wrong = [
        {"@type": "zz"},
        {"@type": "http"},
        {"@type": "script", "script": ")"},
        {"@type": "expression", "expression": ")"},
        {"@type": "action", "service": "core", "action": "nah"},
        {"@type": "script", "script": "return 1})\n;for (;;);(function(){", "more": 1},
    ]
    sandbox = SandboxPool(size=1)
    await sandbox.start()
    try:
        async with running_world(sandbox) as world:
            await world.make_service()
            body = {"name": "x", "logic": {"execute": wrong, "nonsense": 1}}
            problem = await world.refused(400, "POST", "/service/github/action", body)
    finally:
        await sandbox.close()
    told = {detail["path"] for detail in problem["details"]}
    assert {"logic.nonsense", "logic.execute.5.more", "logic.execute.5.script"} < told
    assert {path.split(".")[2] for path in told if path != "logic.nonsense"} == set("012345")


class Full(AnyScript):
    async def check_syntax(self, scripts: Any, tenant: str) -> Any:
        raise LogicError("sandbox_full", "Too many scripts are running; try again in a moment.")


async def test_while_no_sandbox_is_free_saving_is_unavailable() -> None:
    async with running_world(Full()) as world:
        await world.make_service()
        await world.refused(503, "POST", "/service/github/action", {"name": "x", "logic": {}})
        wrong = {"name": "x", "logic": {"execute": {"@type": "zz"}}}
        problem = await world.refused(400, "POST", "/service/github/action", wrong)
        assert [detail["path"] for detail in problem["details"]] == ["logic.execute.@type"]


@pytest.mark.parametrize(
    ("keywords", "path"),
    [
        ({"x-label": "N"}, "x-label"),
        ({"x-label": {"en": 1}}, "x-label.en"),
        ({"x-required": "yes"}, "x-required"),
        ({"x-dataType": ""}, "x-dataType"),
        ({"x-dataTypeVersion": 1}, "x-dataTypeVersion"),
        ({"x-default-input-type": "slider"}, "x-default-input-type"),
        ({"x-onChange": {"refreshVariables": 1}}, "x-onChange.refreshVariables"),
        ({"items": {"x-required": 1}}, "items.x-required"),
        ({"properties": {"a": {"oneOf": [{}, {"x-label": []}]}}}, "properties.a.oneOf.1.x-label"),
    ],
)
async def test_keywords_of_ours_are_checked_wherever_they_stand(
    world: World, keywords: dict[str, Any], path: str
) -> None:
    variable = {"title": "n", **keywords}
    assert await paths(world, "action", schema={"variables": [variable]}) == [f"schema.variables.0.{path}"]
    assert await paths(world, "variable", schema=keywords) == [f"schema.{path}"]


async def test_a_property_may_be_called_as_a_keyword_of_ours(world: World) -> None:
    schema = {"variables": [{"title": "n", "properties": {"x-required": {"type": "string"}}, "enum": [{"x-label": 1}]}]}
    assert (await world.make("action", "a", schema=schema))["schema"] == schema


async def test_a_failure_of_json_schema_names_its_path_and_keyword(world: World) -> None:
    schema = {"variables": [{"title": "n", "minLength": -1, "type": "strin", "properties": {"a": 3}}]}
    problem = await world.refused(400, "POST", "/service/github/action", {"name": "x", "schema": schema})
    told = {detail["path"].removeprefix("schema.variables.0."): detail["message"] for detail in problem["details"]}
    assert len(told) == len(problem["details"]) == 3
    assert "`minLength`" in told["minLength"]
    assert "use array, boolean" in told["type"]
    assert told["properties.a"].startswith("not valid JSON Schema")


async def test_a_datatype_that_a_schema_names_must_be_there(world: World) -> None:
    made = await world.make("datatype", "Repo", datatype_id="repo")
    good = [
        {"title": str(number), **each}
        for number, each in enumerate(
            ({"x-dataType": "Repo"}, {"x-dataType": "repo"}, {"x-dataTypeId": made["id"], "x-dataType": "once"})
        )
    ]
    assert (await world.make("action", "a", schema={"variables": good}))["schema"] == {"variables": good}
    bad = {
        "variables": [{"title": "n", "x-dataType": "repo2"}, {"name": "o", "schema": {"items": {"x-dataTypeId": "?"}}}],
        "output": {"properties": {"a": {"x-dataType": "gone"}}},
    }
    assert await paths(world, "action", schema=bad) == [
        "schema.output.properties.a.x-dataType",
        "schema.variables.0.x-dataType",
        "schema.variables.1.schema.items.x-dataTypeId",
    ]
    await world.make_service("gitlab")
    problem = await world.refused(400, "POST", "/service/gitlab/action", {"name": "x", "schema": {"variables": good}})
    assert "make it first" in problem["error"]


async def test_a_datatype_declares_what_it_holds(world: World) -> None:
    assert await paths(world, "datatype", schema={"data": {"type": "nonsense"}}) == ["schema.data.type"]
