"""Request bodies: JSON into pydantic, both casings, all failures at once with their paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel, to_snake

from libs.common.errors import Detail, Forbidden, Invalid, UnsupportedMedia, invalid

B = TypeVar("B", bound="Body")

_SERVER_OWNED = frozenset({"inserted_at", "updated_at", "created_by", "updated_by", "platform_id", "platform"})
_JSON_TYPES = ("application/json", "text/json")
_MAX_DEPTH = 100


class Body(BaseModel):
    """A request body. Members are declared in snake_case and accepted in either case.

    `server_owned` names members that a client may send back as it read them and that are ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True, strict=True)
    server_owned: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The members that the client sent, by their snake_case names."""
        return self.model_dump(exclude_unset=True)


def parse_json(raw: bytes, content_type: str) -> Any:
    """The JSON of a request; an empty body is `{}`. Raises Invalid, UnsupportedMedia."""
    if not raw:
        return {}
    if content_type and not _is_json(content_type):
        raise UnsupportedMedia("unsupported_media_type", f"Send application/json, not {content_type[:100]}.")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid("malformed_json", f"The body is not valid JSON ({where}): {error.msg}.") from None


def _is_json(content_type: str) -> bool:
    media, _, parameters = content_type.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    media = media.strip()
    return (media in _JSON_TYPES or media.endswith("+json")) and charset in ("", "utf-8", "utf8", "us-ascii")


def parse_body(model: type[B], value: Any, platform_id: str) -> B:
    """The body as its model. Raises Invalid with every failure, Forbidden for another platform's id."""
    if not isinstance(value, dict):
        raise invalid("", "The body must be a JSON object.")
    _check_platform(value, platform_id)
    try:
        return model.model_validate(_without_server_owned(model, value))
    except ValidationError as error:
        raise _invalid(error) from None


def _check_platform(value: Mapping[str, Any], platform_id: str) -> None:
    for member in ("platformId", "platform_id", "platform"):
        if value.get(member, platform_id) not in (platform_id, None):
            raise Forbidden("other_platform", f"{member}: the key belongs to another platform.")


def _without_server_owned(model: type[Body], value: dict[str, Any]) -> dict[str, Any]:
    owned = (_SERVER_OWNED | model.server_owned) - set(model.model_fields)
    return {name: member for name, member in value.items() if to_snake(name) not in owned}


def _invalid(error: ValidationError) -> Invalid:
    details = [_detail(failure) for failure in error.errors(include_url=False, include_input=False)]
    summary = "; ".join(f"{detail.path}: {detail.message}" for detail in details[:3])
    return Invalid("invalid_request", f"The body is not valid: {summary}", details=details)


def _detail(failure: Mapping[str, Any]) -> Detail:
    path = ".".join(str(part) for part in failure["loc"])
    if failure["type"] == "extra_forbidden":
        return Detail(path, "unknown member; remove it")
    if failure["type"] == "missing":
        return Detail(path, "required")
    return Detail(path, failure["msg"].removeprefix("Value error, "))


def too_deep(value: Any, limit: int = _MAX_DEPTH) -> bool:
    """Whether objects and arrays nest deeper than `limit`; walks without recursion."""
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True
