"""The datatypes that a component's schema names, where the API looks for them when it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SCHEMAS = (
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_MANY = ("properties", "patternProperties", "dependentSchemas", "$defs", "allOf", "anyOf", "oneOf", "prefixItems")


def datatypes_named(schema: dict[str, Any]) -> Iterator[str]:
    """Each by name, identity or row id; `x-dataTypeId` goes before the name."""
    variables = schema.get("variables")
    for variable in variables if isinstance(variables, list) else ():
        older = isinstance(variable, dict) and "title" not in variable
        yield from _named(variable.get("schema") if older else variable)
    for member in ("output", "data"):
        yield from _named(schema.get(member))


def _named(schema: object) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    ref = schema["x-dataTypeId"] if "x-dataTypeId" in schema else schema.get("x-dataType")
    if isinstance(ref, str):
        yield ref
    for keyword in _SCHEMAS:
        yield from _named(schema.get(keyword))
    for keyword in _MANY:
        inside = schema.get(keyword)
        for each in inside.values() if isinstance(inside, dict) else inside if isinstance(inside, list) else ():
            yield from _named(each)
