"""`value.*` and `logic.*`: what any value is, can be made into, and is equal to; true and false."""

from __future__ import annotations

from typing import Annotated, Any

from libs.logic.core.numerals import number_in, written
from libs.logic.core.registry import Array, Boolean, Library, Unfit, Value, check_size
from libs.logic.values import equal, size_bytes, truthy

functions = Library()

Given = Annotated[Value, "The value."]
Values = Annotated[Array, "The values."]

_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "array",
    dict: "object",
}
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0", ""}


@functions.action("value.default", "Value or default", output={})
def default(value: Given = None, default: Annotated[Value, "What to take instead of null."] = None) -> Any:
    """The value, or the default where it is null or not given."""
    return default if value is None else value


@functions.action("value.coalesce", "First value", output={})
def coalesce(
    values: Values,
    skip_empty: Annotated[Boolean, "Whether empty texts, arrays and objects are passed over like null."] = False,
) -> Any:
    """The first of some values that is not null; null where all are."""
    passed = _empty if skip_empty else _null
    return next((value for value in values if not passed(value)), None)


@functions.action("value.type", "Type of a value", output={"type": "string", "enum": sorted(set(_TYPES.values()))})
def type_(value: Given) -> str:
    """What a value is: null, boolean, number, text, array or object."""
    return _TYPES[type(value)]


@functions.action("value.to-text", "Make a text", output={"type": "string"}, large_bytes=16 << 10)
def to_text(value: Given) -> str:
    """A text as it is, null as the empty text, a number as short as it can be, everything else as JSON."""
    check_size(size_bytes(value))
    return written(value)


@functions.action("value.to-number", "Make a number", output={"type": "number"})
def to_number(value: Given) -> float:
    """A number as it is, true as 1, false as 0, a text as number.parse reads it; anything else is an error."""
    if type(value) is bool:
        return int(value)
    number = number_in(value) if type(value) is str else value
    if type(number) is int or type(number) is float:
        return number
    raise Unfit("value", "can't be made a number")


@functions.action("value.to-boolean", "Make true or false", output={"type": "boolean"})
def to_boolean(value: Given) -> bool:
    """A text is read: true, yes, on and 1 in any case, or false, no, off, 0 and nothing; 0 and null are false.

    Any other number is true; any other text, an array or an object is an error.
    """
    if type(value) is str:
        word = value.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
    elif type(value) not in (list, dict):
        return bool(value)
    raise Unfit("value", "can't be made true or false")


@functions.condition("value.is-null", "Value is null")
def is_null(value: Given = None) -> bool:
    """Whether a value is null or not given."""
    return value is None


@functions.condition("value.is-empty", "Value is empty")
def is_empty(value: Given = None) -> bool:
    """Whether a value is null, or a text, an array or an object with nothing in it."""
    return _empty(value)


def _null(value: Any) -> bool:
    return value is None


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


@functions.condition("value.is-text", "Value is a text")
def is_text(value: Given = None) -> bool:
    """Whether a value is a text."""
    return type(value) is str


@functions.condition("value.is-number", "Value is a number")
def is_number(value: Given = None) -> bool:
    """Whether a value is a number."""
    return type(value) in (int, float)


@functions.condition("value.is-boolean", "Value is true or false")
def is_boolean(value: Given = None) -> bool:
    """Whether a value is true or false."""
    return type(value) is bool


@functions.condition("value.is-array", "Value is an array")
def is_array(value: Given = None) -> bool:
    """Whether a value is an array."""
    return type(value) is list


@functions.condition("value.is-object", "Value is an object")
def is_object(value: Given = None) -> bool:
    """Whether a value is an object."""
    return type(value) is dict


@functions.condition("value.is-true", "Value counts as true")
def is_true(value: Given = None) -> bool:
    """Whether an `if` would take it as true: all but null, false, 0 and the empty text."""
    return truthy(value)


@functions.condition("value.equals", "Values are equal", large_bytes=16 << 10)
def equals(value: Given = None, other: Annotated[Value, "The value to compare it with."] = None) -> bool:
    """Whether two values are the same: numbers by value, members in any order; true is not 1."""
    return equal(value, other)


@functions.condition("value.in", "Value is among others", large_bytes=16 << 10)
def in_(value: Given, values: Values) -> bool:
    """Whether a value is equal to one of some others."""
    return any(equal(value, each) for each in values)


@functions.condition("logic.and", "All are true", large_bytes=32 << 10)
def and_(values: Values) -> bool:
    """Whether all values count as true; so it is with none."""
    return all(map(truthy, values))


@functions.condition("logic.or", "Any is true", large_bytes=32 << 10)
def or_(values: Values) -> bool:
    """Whether at least one value counts as true."""
    return any(map(truthy, values))


@functions.condition("logic.xor", "One or the other is true", large_bytes=32 << 10)
def xor(values: Values) -> bool:
    """Whether an odd number of values count as true: with two of them, one or the other but not both."""
    return sum(map(truthy, values)) % 2 == 1


@functions.condition("logic.not", "Not true")
def not_(value: Given = None) -> bool:
    """Whether a value does not count as true."""
    return not truthy(value)
