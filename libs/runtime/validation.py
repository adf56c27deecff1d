"""JSON Schema 2020-12 as components use it: inputs are refused by it before anything runs, outputs are remarked on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

import jsonschema_rs
from jsonschema_rs import ReferencingError, ValidationError, ValidationErrorKind

from libs.common.errors import Detail
from libs.common.schema_bounds import too_much_work, visits

_LONGEST_MESSAGE = 300
_MOST_FAILURES = 100
# A pattern that backtracks without end counts as not matched.
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


class InvalidSchema(ValueError):
    """What a component declares is not a JSON Schema; the message says why."""


class Validator:
    """One schema, compiled once. Nothing that it refers to is fetched; `weight` is its parts' visits."""

    def __init__(self, schema: dict[str, Any], weight: int) -> None:
        self._weight = weight
        try:
            self._validator = jsonschema_rs.Draft202012Validator(schema, offline=True, pattern_options=_PATTERNS)
        except (ValidationError, ReferencingError) as error:
            raise InvalidSchema(error.message) from None

    def failures(self, value: Any) -> list[Detail]:
        """Everything that is wrong with the value, empty when nothing is."""
        if too_much_work(self._weight, value):
            return [Detail("", "too large to be held against a schema of this size; send less")]
        if self._validator.is_valid(value):
            return []
        found = (detail for error in self._validator.iter_errors(value) for detail in _details(error))
        return list(islice(found, _MOST_FAILURES))


def input_validator(schema: Mapping[str, Any]) -> Validator | None:
    """Checks a whole input against the declared variables; None where nothing is declared. Raises InvalidSchema.

    Members that no variable declares pass, unless the schema says `additionalProperties: false`. What a datatype's
    `valuesLogicInput` says, a schema of the whole input, holds beside them.
    """
    parts = [part for part in (_values_input(schema), _variables(schema)) if part is not None]
    if not parts:
        return None
    first, *others = [part for part, _ in parts]
    return Validator({"allOf": [first, *others]} if others else first, sum(weight for _, weight in parts))


def entry_validator(entry: dict[str, Any]) -> Validator:
    """Checks the value of one declared variable. Raises InvalidSchema."""
    _, member, _ = _declared(entry)
    return Validator(member, _visits(member))


def values_validator(schema: Mapping[str, Any]) -> Validator | None:
    """Checks what a field of this datatype holds. Raises InvalidSchema."""
    return _one(schema.get("data"))


def output_validator(schema: Mapping[str, Any]) -> Validator | None:
    """Raises InvalidSchema."""
    return _one(schema.get("output"))


def variables_of(schema: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The declared variables in their order: each one's name and its entry as it is written."""
    return [(str(_name(entry)), entry) for entry in _listed(schema.get("variables"))]


def _one(schema: object) -> Validator | None:
    return Validator(schema, _visits(schema)) if isinstance(schema, dict) and schema else None


def _values_input(schema: Mapping[str, Any]) -> tuple[dict[str, Any], int] | None:
    """A datatype's schema of the whole input, and its weight."""
    whole = schema.get("valuesLogicInput")
    return ({"$id": "urn:values-logic-input", **whole}, _visits(whole)) if isinstance(whole, dict) and whole else None


def _variables(schema: Mapping[str, Any]) -> tuple[dict[str, Any], int] | None:
    """The declared variables as one schema of the whole input, and its weight."""
    declared = [_declared(variable) for variable in _listed(schema.get("variables"))]
    closed = schema.get("additionalProperties") is False
    if not declared and not closed:
        return None
    whole = {
        "type": "object",
        "properties": {name: member for name, member, _ in declared},
        "required": [name for name, _, required in declared if required],
    }
    weight = sum(_visits(member) for _, member, _ in declared)
    return {**whole, "additionalProperties": False} if closed else whole, weight


def _visits(schema: dict[str, Any]) -> int:
    try:
        return visits(schema)
    except ValueError as error:
        raise InvalidSchema(str(error)) from None


def _listed(variables: object) -> list[dict[str, Any]]:
    entries = variables if isinstance(variables, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(_name(entry), str)]


def _name(entry: Mapping[str, Any]) -> object:
    return entry.get("title", entry.get("name"))


def _declared(entry: dict[str, Any]) -> tuple[str, dict[str, Any], bool]:
    """Name, schema and whether it is required, of `{title, …schema, x-required}` or `{name, required, schema}`."""
    member = entry if "title" in entry else entry.get("schema") or {}
    required = any(flags.get(flag) is True for flags in (entry, member) for flag in ("x-required", "required"))
    if isinstance(member.get("required"), bool):  # a flag of ours here, a list in JSON Schema
        member = {keyword: value for keyword, value in member.items() if keyword != "required"}
    name = str(_name(entry))
    # Each is a document of its own, so that `#/$defs/…` in it means its own definitions.
    return name, {"$id": f"urn:variable:{quote(name, safe='')}", **member}, required


def _details(error: ValidationError) -> Iterator[Detail]:
    path = [str(part) for part in error.instance_path]
    match error.kind:
        case ValidationErrorKind.Required(property=name):
            yield Detail(".".join([*path, str(name)]), "required")
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            for name in names:
                yield Detail(".".join([*path, name]), "unknown member; remove it")
        case _:
            yield Detail(".".join(path), error.message[:_LONGEST_MESSAGE])
