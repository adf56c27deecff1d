"""Walking the schema that a component declares: its parts, the schemas inside them, the datatypes that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
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
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")


@dataclass(frozen=True, slots=True)
class DatatypeName:
    """A datatype as a schema names it, by name, identity or row id."""

    path: str
    ref: str


def datatypes_named(schema: dict[str, Any]) -> Iterator[DatatypeName]:
    """What the parts of a component's schema take their values from; `x-dataTypeId` goes before the name."""
    for part, path in _parts(schema):
        for place, each in subschemas(part, path):
            keyword = "x-dataTypeId" if "x-dataTypeId" in each else "x-dataType"
            if isinstance(ref := each.get(keyword), str):
                yield DatatypeName(f"{place}.{keyword}", ref)


def subschemas(schema: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema and all those inside it, each with its path."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword in _SCHEMAS:
        yield from subschemas(schema.get(keyword), f"{path}.{keyword}")
    for keyword in (*_MAPS, *_LISTS):
        for name, child in _members(schema.get(keyword)):
            yield from subschemas(child, f"{path}.{keyword}.{name}")


def _parts(schema: dict[str, Any]) -> Iterator[tuple[object, str]]:
    """Each JSON Schema, with its path; in the older notation a variable's is a member of its own."""
    for member in ("output", "data", "valuesLogicInput"):
        yield schema.get(member), f"schema.{member}"
    variables = schema.get("variables")
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        place = f"schema.variables.{index}"
        older = isinstance(variable, dict) and "title" not in variable
        yield (variable.get("schema"), f"{place}.schema") if older else (variable, place)


def _members(children: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(children, dict):
        yield from children.items()
    elif isinstance(children, list):
        yield from enumerate(children)
