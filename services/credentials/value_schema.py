"""Checking a variable's value against the variable's schema, in words that never show the value."""

from __future__ import annotations

from typing import Any

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, ReferencingError, ValidationError

from libs.common.errors import Conflict, Detail, Invalid, invalid
from libs.common.schema_bounds import too_much_work, visits

_MAX_FAILURES = 20
_PATTERNS = FancyRegexOptions(backtrack_limit=100_000)  # a pattern over it counts as not matched


def check_value(schema: dict[str, Any], value: object) -> None:
    """Raises Invalid with every failure, Conflict when the schema itself is none. Fetches nothing."""
    try:
        weight = visits(schema)
        validator = Draft202012Validator(schema, mask="the value", offline=True, pattern_options=_PATTERNS)
    except (ValidationError, ReferencingError, ValueError):
        raise Conflict("schema_invalid", "The variable's schema is no JSON Schema 2020-12; correct it first.") from None
    if too_much_work(weight, value):
        raise invalid("value", "too large to be held against a schema of this size")
    details = []
    for failure in validator.iter_errors(value):
        path = ".".join(("value", *(str(part) for part in failure.instance_path)))
        details.append(Detail(path, failure.message))
        if len(details) == _MAX_FAILURES:
            break
    if details:
        summary = "; ".join(f"{detail.path}: {detail.message}" for detail in details[:3])
        raise Invalid("invalid_request", f"The value does not fit the variable: {summary}", details=details)
