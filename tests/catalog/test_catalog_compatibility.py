"""Which changes of a schema break who relies on it, and that a minor version makes none of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from libs.common.contracts.catalog import Kind
from services.catalog.components.compatibility import breaks
from tests.catalog.world import World


def paths(before: dict[str, Any], after: dict[str, Any], kind: Kind = Kind.ACTION) -> list[str]:
    return sorted(found.path.removeprefix("schema.") for found in breaks(kind, before, after))


def takes(**variable: Any) -> dict[str, Any]:
    return {"variables": [{"title": "n", **variable}]}


A = {"a": {"type": "string"}}
N = "variables.n"


def gives(**output: Any) -> dict[str, Any]:
    return {"output": output}


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        # What is taken may widen, never narrow.
        (takes(type="integer"), takes(type="number"), []),
        (takes(type="number"), takes(type="integer"), ["variables.n.type"]),
        (takes(type="string"), takes(type=["string", "null"]), []),
        (takes(), takes(type="string"), ["variables.n.type"]),
        (takes(type="string"), takes(), []),
        (takes(enum=[1, 2]), takes(enum=[1, 2, 3]), []),
        (takes(enum=[1, 2]), takes(enum=[1]), ["variables.n.enum"]),
        (takes(type="string"), takes(type="string", const="x"), ["variables.n.enum"]),
        (takes(minimum=1), takes(minimum=0), []),
        (takes(minimum=1), takes(minimum=2), ["variables.n.minimum"]),
        (takes(), takes(maxLength=5), ["variables.n.maxLength"]),
        (takes(pattern="a"), takes(pattern="b"), ["variables.n.pattern"]),
        (takes(pattern="a"), takes(), []),
        (takes(description="a"), takes(description="b", default=1, **{"x-label": {"en": "N"}}), []),
        (takes(**{"x-dataType": "Repo"}), takes(**{"x-dataType": "Team"}), ["variables.n.x-dataType"]),
        (takes(), takes(**{"x-required": True}), ["variables.n"]),
        (takes(**{"x-required": True}), takes(), []),
        ({}, takes(), []),
        ({}, takes(**{"x-required": True}), ["variables.n"]),
        ({}, {"variables": [{"name": "n", "required": True, "schema": {}}]}, ["variables.n"]),
        (takes(type="string"), {"variables": [{"name": "n", "schema": {"type": "string"}}]}, []),
        (takes(), {}, []),
        (takes(), {"additionalProperties": False}, ["additionalProperties", "variables.n"]),
        (takes(items={"type": "string"}), takes(items={"type": "integer"}), ["variables.n.items.type"]),
        (takes(required=["a"]), takes(required=[]), []),
        (takes(), takes(required=["a"]), ["variables.n.properties.a"]),
        (takes(additionalProperties=False), takes(), []),
        (takes(properties=A), takes(additionalProperties=False), [f"{N}.additionalProperties", f"{N}.properties.a"]),
        (takes(properties=A), takes(properties={"a": {"type": "null"}}), [f"{N}.properties.a.type"]),
        (takes(anyOf=[{}, {}]), takes(anyOf=[{}]), ["variables.n.anyOf"]),
        # What comes out may narrow and grow members, never widen or lose one.
        (gives(type="number"), gives(type="integer"), []),
        (gives(type="integer"), gives(type="number"), ["output.type"]),
        (gives(properties={"a": {}}), gives(properties={"a": {}, "b": {}}), []),
        (gives(properties={"a": {}, "b": {}}), gives(properties={"a": {}}), ["output.properties.b"]),
        (gives(required=["a"]), gives(), ["output.properties.a"]),
        (gives(), gives(required=["a"]), []),
        (gives(enum=[1]), gives(enum=[1, 2]), ["output.enum"]),
        (gives(type="string"), {}, ["output"]),
        ({}, gives(type="string"), []),
        (gives(items={"properties": {"a": {}}}), gives(items={}), ["output.items.properties.a"]),
        ({"data": {"type": "string"}}, {"data": {"type": "object"}}, ["data.type"]),
    ],
)  # fmt: skip
def test_what_breaks(before: dict[str, Any], after: dict[str, Any], broken: list[str]) -> None:
    assert paths(before, after) == broken
    assert paths(before, before) == []


def test_a_variables_schema_is_what_its_value_has_to_fit() -> None:
    assert paths({"type": "string"}, {"type": "string", "maxLength": 3}, Kind.VARIABLE) == ["maxLength"]


_KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", "object", ["integer", "null"]]),
        "enum": st.lists(st.sampled_from([0, 1, 2.5, "a", "bb", None]), min_size=1, unique_by=repr),
        "minimum": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "required": st.lists(st.sampled_from(["a", "b"]), unique=True),
        "additionalProperties": st.booleans(),
    },
)
_SCHEMAS = st.recursive(
    _KEYWORDS,
    lambda inner: st.builds(
        lambda base, members: {**base, "properties": members},
        _KEYWORDS,
        st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=2),
    ),
    max_leaves=4,
)
_VALUES = st.recursive(
    st.sampled_from([0, 1, 2.5, -1, "a", "bb", "cccc", None, True]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(_SCHEMAS, _SCHEMAS, st.lists(_VALUES, max_size=8))
def test_what_is_found_compatible_never_refuses_what_was_valid(
    before: dict[str, Any], after: dict[str, Any], values: list[Any]
) -> None:
    if not breaks(Kind.VARIABLE, before, after):
        old, new = Draft202012Validator(before), Draft202012Validator(after)
        assert all(new.is_valid(value) for value in values if old.is_valid(value))
    if not breaks(Kind.ACTION, {"output": before}, {"output": after}):
        promised, given_now = Draft202012Validator(_open(before)), Draft202012Validator(after)
        assert all(promised.is_valid(value) for value in values if given_now.is_valid(value))


def _open(schema: Any) -> Any:
    """Without what forbids further members: output may grow some."""
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _open(each) for key, each in value.items()} if name == "properties" else value
        for name, value in schema.items()
        if name != "additionalProperties"
    }


async def test_a_minor_version_that_breaks_is_refused_with_the_differences(world: World) -> None:
    await world.make_service()
    schema = {"variables": [{"title": "n", "type": "string"}], "output": {"properties": {"a": {}}}}
    await world.make("action", "list", schema=schema)
    worse = {"variables": [{"title": "n", "type": "integer"}, {"title": "m", "x-required": True}], "output": {}}
    for version in ("minor", "1.5", "1.0.1"):
        path = f"/service/github/action/list?version={version}"
        problem = await world.refused(409, "PUT", path, {"schema": worse})
        assert problem["code"] == "breaking_change"
        assert [detail["path"] for detail in problem["details"]] == [
            "schema.variables.n.type",
            "schema.variables.m",
            "schema.output.properties.a",
        ]
    assert len(await world.ok("GET", "/service/github/action/list/version")) == 1
    assert (await world.ok("PUT", "/service/github/action/list?version=major", {"schema": worse}))["version"] == "2.0.0"


async def test_a_draft_may_break_until_it_is_published(world: World) -> None:
    await world.make_service()
    await world.make("condition", "is", schema={"variables": [{"title": "n", "type": "string"}]})
    worse = {"variables": [{"title": "n", "type": "integer"}]}
    path = "/service/github/condition/is?version"
    await world.ok("PUT", f"{path}=minor", {"schema": worse, "published": False})
    assert (await world.refused(409, "PUT", f"{path}=1.1.0", {"published": True}))["code"] == "breaking_change"
    await world.ok("PUT", f"{path}=1.1.0", {"published": True, "schema": {"variables": [{"title": "n"}]}})


async def test_a_row_may_not_come_to_break_the_one_above_it(world: World) -> None:
    await world.make_service()
    await world.make("action", "list", schema={"variables": [{"title": "n", "type": "string"}]})
    path = "/service/github/action/list?version"
    await world.ok("PUT", f"{path}=minor", {"label": {"en": "x"}})
    problem = await world.refused(409, "PUT", f"{path}=1.0.0", {"schema": {"variables": [{"title": "n"}]}})
    assert "1.1.0 would break" in problem["error"]


async def test_a_service_version_that_breaks_the_one_before_under_one_major_number_is_refused(world: World) -> None:
    await world.make_service()
    row = await world.make("action", "list", schema={"variables": [{"title": "n", "type": "string"}]})
    await world.make("version", "1", published=True)
    await world.ok("PUT", f"/service/github/action/{row['id']}?version=1.0.0", {"published": False})
    await world.ok(
        "PUT",
        "/service/github/action/list?version=1.1.0",
        {"schema": {"variables": [{"title": "n", "type": "integer"}]}},
    )
    problem = await world.refused(409, "POST", "/service/github/version", {"name": "2", "published": True})
    assert [detail["path"] for detail in problem["details"]] == ["action.list.schema.variables.n.type"]
