"""Request bodies: JSON into pydantic, both casings, all failures at once with their paths."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
_UNKNOWN = "unknown member; remove it"


class Body(BaseModel):
    """A request body. Members are declared in snake_case and accepted in either case.

    `server_owned` names members that a client may send back as it read them and that are ignored. What a
    validator of the whole body has against one member begins with its name: `userId: required`; pydantic runs it
    only when each member is fine by itself, so what members have against each other belongs in `contradictions`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True, strict=True)
    server_owned: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The members that the client sent, by their snake_case names."""
        return self.model_dump(exclude_unset=True)

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterable[Detail]:
        """What is wrong between the members, which come by their snake_case names and unchecked."""
        return ()

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


def parse_body(model: type[B], value: Any, platform_id: str, raw: bytes = b"") -> B:
    """The body as its model. Raises Invalid with every failure, Forbidden for another platform's id.

    `raw` is what the value was parsed from, to find members that came twice.
    """
    if not isinstance(value, dict):
        raise invalid("", "The body must be a JSON object.")
    _check_platform(value, platform_id)
    given = model.without_server_owned(value)
    names = _names(model)
    twice = [name for alias, name in names.items() if alias != name and alias in given and name in given]
    failures = [Detail(name, "comes in camelCase and in snake_case; give it once") for name in twice]
    inner = [name for name in given if name.endswith("_") and name in model.model_fields]
    failures += [Detail(name, _UNKNOWN) for name in inner]
    failures += [Detail(name[:_MAX_PATH], "comes twice in one object; give it once") for name in repeated_members(raw)]
    failures += model.contradictions({names.get(name, name): member for name, member in given.items()})
    try:
        body = model.model_validate({name: member for name, member in given.items() if name not in (*twice, *inner)})
    except ValidationError as error:
        raise _invalid(error, failures) from None
    if failures:
        raise invalid_request(failures, "body")
    return body


def repeated_members(raw: bytes) -> list[str]:
    """The names that any object holds more than once, of which a parser keeps the last without a word."""
    found: dict[str, None] = {}

    def note(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            found.update(dict.fromkeys(name for name, times in Counter(name for name, _ in pairs).items() if times > 1))

    if raw:
        json.loads(raw, object_pairs_hook=note, parse_int=len, parse_float=len)  # numbers of any length cost nothing
    return list(found)


@cache
def _names(model: type[Body]) -> dict[str, str]:
    """Each member's snake_case name by its camelCase one."""
    return {field.alias: name.rstrip("_") for name, field in model.model_fields.items() if field.alias is not None}


def _check_platform(value: Mapping[str, Any], platform_id: str) -> None:
    for member in ("platformId", "platform_id", "platform"):
        if value.get(member, platform_id) not in (platform_id, None):
            raise Forbidden("other_platform", f"{member}: the key belongs to another platform.")


@cache
def _ignored(model: type[Body]) -> frozenset[str]:
    owned = (_SERVER_OWNED | model.server_owned) - set(model.model_fields)
    return owned | {to_camel(name) for name in owned}


def _invalid(error: ValidationError, more: Sequence[Detail]) -> Invalid:
    if error.error_count() > _MAX_FAILURES:
        return invalid("", f"The body has more than {_MAX_FAILURES} failures; it is no body of this resource.")
    details = [*more] + [_detail(failure) for failure in error.errors(include_url=False, include_input=False)]
    return invalid_request(details, "body")


def _detail(failure: Mapping[str, Any]) -> Detail:
    path = ".".join(str(part) for part in failure["loc"])[:_MAX_PATH]
    if failure["type"] == "extra_forbidden":
        return Detail(path, _UNKNOWN)
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
