"""The keywords that schemas have beside JSON Schema's own: `x-label`, `x-required`, `x-dataType` and the like."""

from __future__ import annotations

from jsonschema_rs import Draft202012Validator

from libs.common.component_schemas import subschemas
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
            "x-choices": {"type": "array", "items": {"type": "object", "required": ["label", "value"]}},
            "x-onChange": {"type": "object", "properties": {"refreshVariables": {"type": "boolean"}}},
            "x-secure-default": _TEXT,
        }
    }
)
_LONGEST_MESSAGE = 300


def keyword_failures(schema: object, path: str) -> list[Detail]:
    """What is wrong with the keywords of a schema and of those inside it."""
    return [
        Detail(".".join((place, *map(str, error.instance_path))), error.message[:_LONGEST_MESSAGE])
        for place, each in subschemas(schema, path)
        for error in _KEYWORDS.iter_errors(each)
    ]
