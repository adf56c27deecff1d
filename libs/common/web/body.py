"""Request bodies: JSON into pydantic, both casings, all failures at once with their paths."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from libs.common.errors import Detail, Forbidden, Invalid, UnsupportedMedia, invalid, invalid_request

B = TypeVar("B", bound="Body")

_SERVER_OWNED = frozenset({"inserted_at", "updated_at", "created_by", "updated_by", "platform_id", "platform"})
_JSON_TYPES = ("application/json", "text/json")
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
_MAX_DEPTH = 100
_MAX_FAILURES = 1000
_MAX_PATH = 200


class Body(BaseModel):
    """A request body. Members are declared in snake_case and accepted in either case.

    `server_owned` names members that a client may send back as it read them and that are ignored. What a
    validator of the whole body has against one member begins with its name: `userId: required`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True, strict=True)
    server_owned: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The members that the client sent, by their snake_case names."""
        return self.model_dump(exclude_unset=True)

    @classmethod
    def without_server_owned(cls, value: dict[str, Any]) -> dict[str, Any]:
        ignored = _ignored(cls)
        return {name: member for name, member in value.items() if name not in ignored}


def parse_json(raw: bytes, content_type: str) -> Any:
    """The JSON of a request; an empty body is `{}`. Raises Invalid, UnsupportedMedia."""
    if not raw:
        return {}
    if content_type and not _is_json(content_type):
        raise UnsupportedMedia("unsupported_media_type", f"Send application/json, not {content_type[:100]!a}.")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid("malformed_json", f"The body is not valid JSON ({where}): {error.msg}.") from None


def _is_json(content_type: str) -> bool:
    media, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charset = next((each.partition("=")[2].strip('"') for each in parameters if each.startswith("charset=")), "")
    return (media in _JSON_TYPES or media.endswith("+json")) and charset in _CHARSETS


def parse_body(model: type[B], value: Any, platform_id: str) -> B:
    """The body as its model. Raises Invalid with every failure, Forbidden for another platform's id."""
    if not isinstance(value, dict):
        raise invalid("", "The body must be a JSON object.")
    _check_platform(value, platform_id)
    try:
        return model.model_validate(model.without_server_owned(value))
    except ValidationError as error:
        raise _invalid(error) from None


def _check_platform(value: Mapping[str, Any], platform_id: str) -> None:
    for member in ("platformId", "platform_id", "platform"):
        if value.get(member, platform_id) not in (platform_id, None):
            raise Forbidden("other_platform", f"{member}: the key belongs to another platform.")


@cache
def _ignored(model: type[Body]) -> frozenset[str]:
    owned = (_SERVER_OWNED | model.server_owned) - set(model.model_fields)
    return owned | {to_camel(name) for name in owned}


def _invalid(error: ValidationError) -> Invalid:
    if error.error_count() > _MAX_FAILURES:
        return invalid("", f"The body has more than {_MAX_FAILURES} failures; it is no body of this resource.")
    details = [_detail(failure) for failure in error.errors(include_url=False, include_input=False)]
    return invalid_request(details, "body")


def _detail(failure: Mapping[str, Any]) -> Detail:
    path = ".".join(str(part) for part in failure["loc"])[:_MAX_PATH]
    if failure["type"] == "extra_forbidden":
        return Detail(path, "unknown member; remove it")
    if failure["type"] == "missing":
        return Detail(path, "required")
    message = failure["msg"].removeprefix("Value error, ")
    member, colon, rest = message.partition(": ")
    if not path and colon and member.isidentifier():
        return Detail(member, rest)
    return Detail(path, message)


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
