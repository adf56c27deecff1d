"""What of a component's schema is no valid JSON Schema 2020-12, found when it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonschema_rs import (
    Draft202012Validator,
    FancyRegexOptions,
    ReferencingError,
    ValidationError,
    ValidationErrorKind,
)

from libs.common.errors import Detail
from libs.common.schema_bounds import visits
from services.catalog.components.keywords import keyword_failures

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OLDER_MEMBERS = {"name", "required", "schema"}
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_MOST_FAILURES = 20
_MOST_FOUND = 200
_LONGEST_MESSAGE = 300
_PATTERNS = FancyRegexOptions(backtrack_limit=100_000)  # as they are used when something runs


class SchemaCheck:
    """Checks against the dialect's own schema, then compiles as inputs are going to be validated."""

    def __init__(self) -> None:
        self._dialect = Draft202012Validator({"$ref": _DIALECT})

    def declared(self, schema: dict[str, Any]) -> list[Detail]:
        """The failures of a schema: `variables`, `output` and, of a datatype, `data` and `valuesLogicInput`."""
        failures: list[Detail] = []
        variables = schema.get("variables", [])
        if isinstance(variables, list):
            for index, variable in enumerate(variables):
                failures += self._variable(variable, f"schema.variables.{index}")
            failures += _repeated(variables)
        else:
            failures.append(Detail("schema.variables", "an array, one JSON Schema object for each variable"))
        for member in ("output", "data", "valuesLogicInput"):
            if member in schema:
                failures += self.one(schema[member], f"schema.{member}")
        return failures

    def one(self, schema: object, path: str) -> list[Detail]:
        """The failures of one JSON Schema."""
        found = (_detail(error, path) for error in self._dialect.iter_errors(schema))
        failures = list(dict.fromkeys(islice(found, _MOST_FOUND)))[:_MOST_FAILURES]
        return failures or list(_uncompilable(schema, path)) or keyword_failures(schema, path)

    def value_failures(self, schema: dict[str, Any], value: object) -> list[Detail]:
        """Why the value is not valid by a schema that was found to be one, without telling the value."""
        validator = Draft202012Validator(schema, mask="the value", offline=True, pattern_options=_PATTERNS)
        failures = islice(validator.iter_errors(value), _MOST_FAILURES)
        return [Detail(".".join(("value", *map(str, error.instance_path))), error.message) for error in failures]

    def _variable(self, variable: object, path: str) -> list[Detail]:
        if not isinstance(variable, dict):
            return [Detail(path, "an object with a `title`")]
        if title_of(variable) is None:
            return [Detail(f"{path}.title", "required, the variable's name")]
        if "title" in variable:
            return self.one(variable, path)
        failures = [
            Detail(f"{path}.{member}", f"unknown beside `name`; use {', '.join(sorted(_OLDER_MEMBERS))}")
            for member in sorted(variable.keys() - _OLDER_MEMBERS)
        ]
        if not isinstance(variable.get("required", False), bool):
            failures.append(Detail(f"{path}.required", "true or false"))
        return failures + self.one(variable.get("schema", {}), f"{path}.schema")


def _detail(error: ValidationError, path: str) -> Detail:
    """With the keyword at fault, where the place leads to one; a dialect has several parts that find the same."""
    place = error.instance_path
    keyword = next((part for part in reversed(place) if isinstance(part, str)), None)
    message = error.message[:_LONGEST_MESSAGE]
    if place and place[-1] == "type" and isinstance(error.kind, ValidationErrorKind.AnyOf):
        message = f"use {', '.join(_TYPES)}, or a list of them"
    named = f" (`{keyword}`)" if keyword is not None else ""
    return Detail(".".join((path, *map(str, place))), f"not valid JSON Schema{named}: {message}")


def title_of(variable: dict[str, Any]) -> str | None:
    """A variable's name, in either notation."""
    title = variable.get("title", variable.get("name"))
    return title if isinstance(title, str) and title else None


def _repeated(variables: list[Any]) -> Iterator[Detail]:
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        title = title_of(variable) if isinstance(variable, dict) else None
        if title is not None and title in seen:
            yield Detail(f"schema.variables.{index}.title", f"{title!r} is declared twice")
        seen |= {title} if title is not None else set()


def _uncompilable(schema: object, path: str) -> Iterator[Detail]:
    if not isinstance(schema, dict | bool):
        return
    try:
        visits(schema)
        Draft202012Validator(schema, offline=True, pattern_options=_PATTERNS)
    except (ValidationError, ReferencingError) as error:
        place = error.instance_path if isinstance(error, ValidationError) else ()
        yield Detail(
            ".".join((path, *map(str, place))), f"not usable as JSON Schema: {error.message[:_LONGEST_MESSAGE]}"
        )
    except ValueError as error:
        yield Detail(path, f"not usable as JSON Schema: {error}")
