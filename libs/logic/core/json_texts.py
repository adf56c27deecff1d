"""`json.*`: values as JSON texts."""

from __future__ import annotations

from typing import Annotated, Any

import orjson

from libs.logic.core.registry import MOST_BYTES, Boolean, Library, Text, Unfit, Value, check_size
from libs.logic.values import DEEPEST, exceeds, parse

functions = Library()

# Many small arrays of this size take a millisecond.
_LARGE_BYTES = 16 << 10


@functions.action("json.encode", "Write JSON", output={"type": "string"}, large_bytes=_LARGE_BYTES)
def encode(
    value: Annotated[Value, "The value to write."],
    pretty: Annotated[Boolean, "Whether each member gets a line of its own, indented by two spaces."] = False,
    sort_keys: Annotated[Boolean, "Whether the members of objects are sorted by name."] = False,
) -> str:
    """Writes any value as JSON, without spaces unless it is to be pretty."""
    check_fits(value)
    check_size(indent_bytes(value) if pretty else 0)
    options = (orjson.OPT_INDENT_2 if pretty else 0) | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        return orjson.dumps(value, option=options).decode()
    except TypeError:
        raise Unfit("value", "has a text or number that JSON can't hold") from None


@functions.action("json.decode", "Read JSON", output={}, large_bytes=_LARGE_BYTES)
def decode(string: Annotated[Text, "The JSON text."]) -> Any:
    """The value of a JSON text (RFC 8259). Of members of the same name the last counts.

    More than 250 levels of arrays and objects, and an escaped half of a surrogate pair without the other, are errors.
    """
    try:
        return parse(string.encode())
    except orjson.JSONDecodeError as error:
        raise Unfit("string", f"must be JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeEncodeError:
        raise Unfit("string", "has a character that isn't Unicode") from None
    except ValueError as error:
        raise Unfit("string", str(error)) from None


@functions.condition("json.is-valid", "Is JSON", large_bytes=_LARGE_BYTES)
def is_valid(string: Annotated[Value, "What to look at."]) -> bool:
    """Whether this is a text that `json.decode` can read."""
    if not isinstance(string, str):
        return False
    try:
        decode(string)
    except Unfit:
        return False
    return True


def check_fits(value: Any) -> None:
    """Refuses a value that is too large or too deep to be an answer."""
    if exceeds(value, MOST_BYTES):
        check_size(MOST_BYTES + 1)


def indent_bytes(value: Any) -> int:
    """What line breaks and indentation add: two spaces per level before each member."""
    size = 0
    level = [value]
    for depth in range(1, DEEPEST + 1):
        members = [member for each in level for member in _members(each)]
        size += (len(members) + len(level)) * (2 * depth + 1)
        level = [member for member in members if type(member) in {dict, list}]
    return size


def _members(container: Any) -> Any:
    if type(container) is dict:
        return container.values()
    return container if type(container) is list else ()
