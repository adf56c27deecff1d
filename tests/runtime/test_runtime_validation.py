from typing import Any

import pytest

from libs.runtime.validation import InvalidSchema, input_validator, output_validator


def failures(schema: dict[str, Any], value: Any) -> dict[str, str]:
    validator = input_validator(schema)
    assert validator is not None
    return {failure.path: failure.message for failure in validator.failures(value)}


def test_a_schema_without_variables_checks_nothing() -> None:
    assert input_validator({}) is None
    assert input_validator({"variables": []}) is None
    assert input_validator({"variables": "of another time"}) is None


def test_variables_are_schemas_keyed_by_title() -> None:
    schema = {"variables": [{"title": "to", "type": "string", "x-required": True, "x-label": {"en": "To"}}]}
    assert failures(schema, {"to": "ann"}) == {}
    assert failures(schema, {}) == {"to": "required"}
    assert "string" in failures(schema, {"to": 1})["to"]


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "to", "required": True, "schema": {"type": "string"}},
        {"name": "to", "schema": {"type": "string", "x-required": True}},
        {"name": "to", "schema": {"title": "Recipient", "type": "string", "required": True}},
        {"title": "to", "type": "string", "required": True},
    ],
)
def test_the_older_notation_means_the_same(variable: dict[str, Any]) -> None:
    assert failures({"variables": [variable]}, {}) == {"to": "required"}
    assert list(failures({"variables": [variable]}, {"to": []})) == ["to"]
    assert failures({"variables": [variable]}, {"to": "ann"}) == {}


def test_the_required_members_of_an_object_stay_what_json_schema_says() -> None:
    schema = {"variables": [{"title": "to", "type": "object", "required": ["id"]}]}
    assert failures(schema, {}) == {}
    assert failures(schema, {"to": {}}) == {"to.id": "required"}


def test_every_failure_is_named_with_its_path() -> None:
    numbers = {"title": "list", "type": "array", "items": {"type": "integer"}}
    schema = {"variables": [{"title": "a", "x-required": True}, numbers, {"title": "c", "minimum": 3}]}
    assert set(failures(schema, {"list": [1, "two", 3, None], "c": 1})) == {"a", "list.1", "list.3", "c"}


def test_undeclared_members_pass_unless_the_schema_is_closed() -> None:
    schema = {"variables": [{"title": "a"}]}
    assert failures(schema, {"b": 1}) == {}
    assert failures({**schema, "additionalProperties": False}, {"b": 1}) == {"b": "unknown member; remove it"}
    assert failures({"additionalProperties": False}, {"b": 1}) == {"b": "unknown member; remove it"}


def test_a_schema_that_is_none_is_refused_and_never_fetched() -> None:
    with pytest.raises(InvalidSchema):
        input_validator({"variables": [{"title": "a", "type": "strnig"}]})
    with pytest.raises(InvalidSchema, match="a place in the same schema"):
        output_validator({"output": {"$ref": "http://127.0.0.1:9/schema"}})


def test_a_pattern_that_backtracks_without_end_ends() -> None:
    schema = {"variables": [{"title": "a", "pattern": r"^(?=(a+)+b)(a|aa)+$"}]}
    assert list(failures(schema, {"a": "a" * 5000})) == ["a"]


def test_an_output_is_checked_by_its_schema() -> None:
    validator = output_validator({"output": {"type": "object", "properties": {"n": {"type": "integer"}}}})
    assert validator is not None
    assert validator.failures({"n": 1}) == []
    assert [failure.path for failure in validator.failures({"n": "1"})] == ["n"]
    assert output_validator({"output": {}}) is None


def test_each_variable_has_definitions_of_its_own() -> None:
    definitions: list[dict[str, Any]] = [{"type": "integer"}, {"type": "string"}]
    variables = [
        {"title": f"a {n}", "$ref": "#/$defs/part", "$defs": {"part": part}} for n, part in enumerate(definitions)
    ]
    assert failures({"variables": variables}, {"a 0": 1, "a 1": "x"}) == {}
    assert set(failures({"variables": variables}, {"a 0": "x", "a 1": 1})) == {"a 0", "a 1"}


def test_a_datatypes_input_is_a_schema_of_the_whole() -> None:
    project = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    schema = {"valuesLogicInput": {"type": "object", "properties": {"project": project}, "required": ["project"]}}
    assert failures(schema, {}).keys() == {"project"}
    assert failures(schema, {"project": {}}).keys() == {"project.id"}
    assert failures(schema, {"project": {"id": "1"}, "more": 1}) == {}


def test_variables_hold_beside_the_schema_of_the_whole() -> None:
    schema = {
        "valuesLogicInput": {"properties": {"a": {"$ref": "#/$defs/text"}}, "$defs": {"text": {"type": "string"}}},
        "variables": [{"title": "b", "type": "integer", "x-required": True}],
    }
    assert failures(schema, {"a": 1}).keys() == {"a", "b"}
    assert failures(schema, {"a": "x", "b": 1}) == {}
