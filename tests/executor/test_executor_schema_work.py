"""An input is never held against a schema for longer than a request may take."""

from __future__ import annotations

from typing import Any

from tests.product import Running

BOMB: dict[str, Any] = {
    "title": "a",
    "$defs": {"x": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/x"}}] * 6}},
    "$ref": "#/$defs/x",
}


async def test_a_schema_that_multiplies_is_refused_when_it_is_saved(product: Running) -> None:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "s"})
    action = {"name": "a", "schema": {"variables": [BOMB]}}
    answer = await product.api("POST", "/v1/service/s/action?userId=ada", json=action)
    assert answer.status == 400
    assert answer.body["details"][0]["path"] == "schema.variables.0"
    assert "$ref" in answer.body["details"][0]["message"]


async def test_a_large_input_for_a_large_schema_is_refused_in_time(product: Running) -> None:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "s"})
    kinds = [{"type": "object", "required": [f"m{n}"]} for n in range(500)]
    variable = {"title": "a", "type": "array", "items": {"anyOf": kinds}}
    echo = {"@type": "reference", "operation": "source", "path": []}
    action = {"name": "a", "schema": {"variables": [variable]}, "logic": {"execute": echo}}
    await product.ok("POST", "/v1/service/s/action?userId=ada", json=action)
    answer = await product.api("POST", "/v1/service/s/action/a/execute?userId=ada", json={"a": [1] * 100_000})
    assert answer.status == 400
    assert "too large" in answer.body["error"]
