"""`object.*`: members by their names, and objects made of others."""

from __future__ import annotations

from typing import Annotated, Any

from libs.logic.core.comparison import Operator, holds
from libs.logic.core.numerals import written
from libs.logic.core.paths import Path, at, shallow
from libs.logic.core.registry import Array, Boolean, Library, Object, Texts, Type, Unfit, Value, check_size, list_of
from libs.logic.core.strings import TEXTS, byte_count
from libs.logic.values import size_bytes

functions = Library()

OBJECT = {"type": "object"}
_LARGE_BYTES = 16 << 10

Members = Annotated[Object, "The object."]
Names = Annotated[Texts, "The names of the members."]


def _an_object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise ValueError
    return value


_OBJECT = Type({"type": "object"}, "an object", _an_object)
Objects = Annotated[list[dict[str, Any]], list_of(_OBJECT, "an array of objects"), "The objects in their order."]


@functions.action("object.keys", "Names of members", output=TEXTS)
def keys(object: Members) -> list[str]:
    """The names of an object's members, in their order."""
    return list(object)


@functions.action("object.values", "Values of members", output={"type": "array"})
def values(object: Members) -> list[Any]:
    """The values of an object's members, in their order."""
    return list(object.values())


_ENTRY = {"type": "object", "properties": {"key": {"type": "string"}, "value": {}}, "required": ["key", "value"]}


@functions.action(
    "object.entries", "Members as an array", output={"type": "array", "items": _ENTRY}, large_bytes=32 << 10
)
def entries(object: Members) -> list[dict[str, Any]]:
    """An array with `{key, value}` for each member, in their order."""
    check_size(_ENTRY_BYTES * len(object) + size_bytes(object))
    return [{"key": name, "value": value} for name, value in object.items()]


_ENTRY_BYTES = len('{"key":,"value":},')


@functions.action("object.from-entries", "Object from an array", output=OBJECT, large_bytes=_LARGE_BYTES)
def from_entries(
    entries: Annotated[Array, "An array with `{key, value}` for each member, or with a name and a value in an array."],
) -> dict[str, Any]:
    """Makes an object of its members; of a name that comes twice the last value stays."""
    return dict(map(_entry, entries))


def _entry(entry: Any) -> tuple[str, Any]:
    if type(entry) is dict and type(entry.get("key")) is str:
        return entry["key"], entry.get("value")
    if type(entry) is list and len(entry) == 2 and type(entry[0]) is str:
        return entry[0], entry[1]
    raise Unfit("entries", "must each be `{key, value}` or [key, value], and each key a text")


@functions.action("object.size", "Number of members", output={"type": "integer", "minimum": 0})
def size(object: Members) -> int:
    """Counts the members of an object."""
    return len(object)


@functions.action("object.get", "Value at a path", output={})
def get(object: Members, path: Path, default: Annotated[Value, "What to take where there is nothing."] = None) -> Any:
    """What is at a path inside an object, or the default where that is missing or null."""
    found = at(object, path)
    return default if found is None else found


@functions.action("object.set", "Set a value", output=OBJECT)
def set_(object: Members, path: Path, value: Annotated[Value, "What is to be there."]) -> dict[str, Any]:
    """The object with another value at a path; objects are made where they are missing.

    The path must have 1 to 100 steps. A position must be that of an element of an array, or the one behind the
    last: at an object, and where there is nothing, it is an error.
    """
    if not path:
        raise Unfit("path", "must not be empty")
    changed: dict[str, Any] = _with(object, shallow(path), value)
    return changed


def _with(container: Any, path: list[str | int], value: Any) -> Any:
    if not path:
        return value
    step = path[0]
    if type(container) is list:
        return _with_element(container, path, value)
    if type(step) is not str or not (container is None or type(container) is dict):
        raise Unfit("path", f"can't be followed at {step!r:.60}: what is there has no such members")
    return {**(container or {}), step: _with((container or {}).get(step), path[1:], value)}


def _with_element(elements: list[Any], path: list[str | int], value: Any) -> list[Any]:
    step = path[0]
    if type(step) is not int or not 0 <= step <= len(elements):
        raise Unfit("path", f"can't be followed at {step!r:.60}: the array has {len(elements)} elements")
    inner = _with(elements[step] if step < len(elements) else None, path[1:], value)
    return [*elements[:step], inner, *elements[step + 1 :]]


@functions.action("object.unset", "Remove a value", output=OBJECT)
def unset(object: Members, path: Path) -> dict[str, Any]:
    """The object without what is at a path of 1 to 100 steps; where there is nothing, as it is."""
    if not path:
        raise Unfit("path", "must not be empty")
    changed: dict[str, Any] = _without(object, shallow(path))
    return changed


def _without(container: Any, path: list[str | int]) -> Any:
    step, rest = path[0], path[1:]
    if type(container) is dict and step in container:
        if rest:
            return {**container, step: _without(container[step], rest)}
        return {name: member for name, member in container.items() if name != step}
    if type(container) is list and type(step) is int and 0 <= step < len(container):
        inner = [_without(container[step], rest)] if rest else []
        return [*container[:step], *inner, *container[step + 1 :]]
    return container


@functions.action("object.merge", "Merge objects", output=OBJECT)
def merge(objects: Objects) -> dict[str, Any]:
    """One object with the members of several; of the same name the last one counts, also when it is null."""
    merged: dict[str, Any] = {}
    for each in objects:
        merged.update(each)
    return merged


@functions.action("object.merge-deep", "Merge objects deeply", output=OBJECT, large_bytes=_LARGE_BYTES)
def merge_deep(objects: Objects) -> dict[str, Any]:
    """Like object.merge, but objects of the same name are merged, too; arrays are replaced."""
    merged: dict[str, Any] = {}
    for each in objects:
        merged = _merged(merged, each)
    return merged


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for name, value in other.items():
        present = merged.get(name)
        merged[name] = _merged(present, value) if type(present) is dict and type(value) is dict else value
    return merged


@functions.action("object.defaults", "Fill in defaults", output=OBJECT)
def defaults(object: Members, defaults: Annotated[Object, "What to take where a member is missing or null."]) -> Any:
    """The object with the defaults of members that are missing or null."""
    return {**object, **{name: value for name, value in defaults.items() if object.get(name) is None}}


@functions.action("object.pick", "Take members", output=OBJECT)
def pick(object: Members, names: Names) -> dict[str, Any]:
    """The object with nothing but these members, as far as it has them, in the order of the names."""
    return {name: object[name] for name in names if name in object}


@functions.action("object.omit", "Leave members out", output=OBJECT)
def omit(object: Members, names: Names) -> dict[str, Any]:
    """The object without these members."""
    left_out = set(names)
    return {name: value for name, value in object.items() if name not in left_out}


@functions.action("object.rename", "Rename members", output=OBJECT)
def rename(object: Members, names: Annotated[Object, "The new name of each member by its old name."]) -> dict[str, Any]:
    """The object with other names for some members, in their order; of the same name the last one counts."""
    if not all(type(name) is str for name in names.values()):
        raise Unfit("names", "must have a text as each new name")
    renamed = {names.get(name, name): value for name, value in object.items()}
    check_size(size_bytes(object) + sum(byte_count(names[name]) for name in object if name in names))
    return renamed


@functions.action(
    "object.invert",
    "Swap names and values",
    output={"type": "object", "additionalProperties": {"type": "string"}},
    large_bytes=_LARGE_BYTES,
)
def invert(object: Members) -> dict[str, str]:
    """An object with the name of each member by its value, which must be a text, a number, true or false."""
    if any(value is None or type(value) in (list, dict) for value in object.values()):
        raise Unfit("object", "must have texts, numbers, true or false as its values")
    return {written(value): name for name, value in object.items()}


@functions.action("object.compact", "Leave nulls out", output=OBJECT, large_bytes=_LARGE_BYTES)
def compact(
    object: Members,
    deep: Annotated[Boolean, "Whether objects and arrays inside are gone through, too; elements stay."] = False,
) -> dict[str, Any]:
    """The object without the members that are null."""
    compacted: dict[str, Any] = _compacted(object, deep)
    return compacted


def _compacted(value: Any, deep: bool) -> Any:
    if type(value) is dict:
        present = {name: member for name, member in value.items() if member is not None}
        return {name: _compacted(member, deep) for name, member in present.items()} if deep else present
    return [_compacted(element, deep) for element in value] if type(value) is list else value


@functions.action("object.filter", "Choose members", output=OBJECT, large_bytes=_LARGE_BYTES)
def filter_(
    object: Members, value: Annotated[Value, "The value to compare with."] = None, operator: Operator = "equal"
) -> dict[str, Any]:
    """The object with the members whose value compares with another as the operator says."""
    fits = holds(operator, value)
    return {name: member for name, member in object.items() if fits(member)}


@functions.action("object.sort-keys", "Sort members", output=OBJECT, large_bytes=_LARGE_BYTES)
def sort_keys(object: Members) -> dict[str, Any]:
    """The object with its members in the order of their names, by code points."""
    return dict(sorted(object.items()))
