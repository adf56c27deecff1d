"""The keywords that schemas have beside JSON Schema's own: `x-label`, `x-required`, `x-dataType` and the like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import Draft202012Validator

from libs.common.errors import Detail

_TEXT = {"type": "string", "minLength": 1}
_KEYWORDS = Draft202012Validator(
    {
        "properties": {
            "x-label": {"type": "object", "additionalProperties": {"type": "string"}},
            "x-required": {"type": "boolean"},
            "x-dataType": _TEXT,
            "x-dataTypeVersion": _TEXT,
            "x-dataTypeId": _TEXT,
            "x-default-input-type": {"enum": ["chooser", "custom"]},
            "x-onChange": {"type": "object", "properties": {"refreshVariables": {"type": "boolean"}}},
            "x-secure-default": _TEXT,
        }
    }
)
_LONGEST_MESSAGE = 300
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


def keyword_failures(schema: object, path: str) -> list[Detail]:
    """What is wrong with the keywords of a schema and of those inside it."""
    return [
        Detail(".".join((place, *map(str, error.instance_path))), error.message[:_LONGEST_MESSAGE])
        for place, each in _subschemas(schema, path)
        for error in _KEYWORDS.iter_errors(each)
    ]


def datatypes_named(schema: object, path: str) -> Iterator[DatatypeName]:
    """What a schema, and those inside it, take their values from; `x-dataTypeId` goes before the name."""
    for place, each in _subschemas(schema, path):
        keyword = "x-dataTypeId" if "x-dataTypeId" in each else "x-dataType"
        if isinstance(ref := each.get(keyword), str) and ref:
            yield DatatypeName(f"{place}.{keyword}", ref)


def _subschemas(schema: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword in _SCHEMAS:
        yield from _subschemas(schema.get(keyword), f"{path}.{keyword}")
    for keyword in (*_MAPS, *_LISTS):
        for name, child in _members(schema.get(keyword)):
            yield from _subschemas(child, f"{path}.{keyword}.{name}")


def _members(children: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(children, dict):
        yield from children.items()
    elif isinstance(children, list):
        yield from enumerate(children)
