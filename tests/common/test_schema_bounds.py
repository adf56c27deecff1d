"""Schemas whose references would multiply are refused; ordinary ones, trees included, are not."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.schema_bounds import MOST_VISITS, too_much_work, visits

TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "left": {"$ref": "#"}, "children": {"items": {"$ref": "#"}}},
}


def test_an_ordinary_schema_is_weighed() -> None:
    schema = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": True}}
    assert visits(schema) == 5


def test_a_tree_may_refer_to_itself() -> None:
    assert visits(TREE) < 20
    assert visits({"$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}}}, "$ref": "#/$defs/tree"}) < 20


def test_a_definition_may_be_used_in_many_places() -> None:
    schema = {
        "$defs": {"text": {"type": "string"}},
        "properties": {f"p{n}": {"$ref": "#/$defs/text"} for n in range(100)},
    }
    assert visits(schema) == 201


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": {"x": {"anyOf": [{"items": {"$ref": "#/$defs/x"}}] * 6}}, "$ref": "#/$defs/x"},
        {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"patternProperties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
        {"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]},
        {"$dynamicRef": "#node"},
        {"$ref": "#anchor"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/$defs/missing"},
        {"$ref": 7},
    ],
)
def test_what_can_not_be_bounded_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"ref|Ref"):
        visits(schema)


@pytest.mark.parametrize("depth", [12, 28, 200])
def test_a_chain_that_doubles_is_refused_quickly(depth: int) -> None:
    definitions = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(depth)}
    with pytest.raises(ValueError, match=f"{MOST_VISITS} visits"):
        visits({"$defs": {**definitions, f"d{depth}": {}}, "$ref": "#/$defs/d0"})


def test_a_large_value_is_too_much_for_a_large_schema_only() -> None:
    value = [[1] * 1000] * 100
    assert not too_much_work(10, value)
    assert too_much_work(MOST_VISITS, value)
