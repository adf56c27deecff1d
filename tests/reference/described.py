"""Holds answers against the OpenAPI document, more strictly than a client may: no row has a member it does not name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from services.api import document


@cache
def strict_document() -> dict[str, Any]:
    """Made from files, so never first in an event loop."""
    described = document()
    for name, schema in described["components"]["schemas"].items():
        if name != "Problem" and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    return described


def undescribed(method: str, path: str, status: int, content_type: str, body: Any) -> Iterator[str]:
    """What an answer has that the document does not say of this operation; `path` is its template."""
    described = strict_document()
    answer = described["paths"][path][method.lower()]["responses"].get(str(status))
    if answer is None:
        yield f"{method} {path}: {status} is not described: {body}"
        return
    if "$ref" in answer:
        answer = described["components"]["responses"][answer["$ref"].split("/")[-1]]
    content = answer["content"].get(content_type.partition(";")[0])
    if content is None:
        yield f"{method} {path}: {content_type} is not described"
        return
    validator = Draft202012Validator({**content["schema"], "components": described["components"]})
    for error in validator.iter_errors(body):
        yield f"{method} {path} {status}: {'.'.join(str(part) for part in error.instance_path)}: {error.message}"
