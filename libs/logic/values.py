"""JSON values in logic: parsed, walked and compared, taken as true or false, and measured within bounds."""

import gc
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from math import inf
from typing import Any

import orjson

# orjson writes at most 254 levels, so nothing deeper may come in or go out.
DEEPEST = 250

_ORJSON_DEEPEST = 254
# What an empty array or object takes, beyond its text.
_CONTAINER_BYTES = 60
_LARGE_BYTES = 256 << 10

_STEP_BYTES = 64 << 10
_PART = 4 << 10
# What a container takes to be found and gone through, in bytes of text that take as long.
_CONTAINER_WORK = 16
_CONTAINERS = frozenset((dict, list))
_MANY = 500
_SHORT = frozenset((int, float, bool, type(None)))
_LONG_TEXT = 1000
# No array is longer, and Python reads numbers of thousands of digits only to refuse them.
_LONGEST_POSITION = 18

Steps = tuple[str | int, ...]


def parse(text: bytes) -> Any:
    """The value of a JSON text; ValueError when it isn't JSON or is nested too deeply to be written again."""
    if len(text) <= _LARGE_BYTES or not gc.isenabled():
        return _parsed(text)
    # While a large value is made nothing is garbage, and looking for some would take longer than making it.
    gc.disable()
    try:
        return _parsed(text)
    finally:
        gc.enable()


def _parsed(text: bytes) -> Any:
    value = orjson.loads(text)
    if _containers(text) > DEEPEST and _is_too_deep(value):
        raise ValueError(f"the value is nested deeper than {DEEPEST} levels")
    return value


def _is_too_deep(value: Any) -> bool:
    """At orjson's speed: in so many more arrays it refuses what is nested deeper than DEEPEST."""
    for _ in range(_ORJSON_DEEPEST - DEEPEST):
        value = [value]
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return True
    return False


def cost_bytes(text: bytes) -> int:
    """What a JSON text takes and will take in memory, to be had before it is parsed."""
    return len(text) + container_bytes(text)


def container_bytes(text: bytes) -> int:
    """What arrays and objects will take in memory beyond the JSON text; brackets within its texts count, too."""
    return _CONTAINER_BYTES * _containers(text)


def _containers(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def walk(value: Any, steps: Steps) -> Any:
    """The member at the end of the path; null where there is none."""
    for step in steps:
        if type(value) is dict:
            value = value.get(step)
        elif type(value) is list:
            value = _element(value, step)
        else:
            return None
    return value


def _element(elements: list[Any], step: str | int) -> Any:
    if isinstance(step, str) and not (step.isascii() and step.isdigit() and len(step) <= _LONGEST_POSITION):
        return None
    position = int(step)
    return elements[position] if 0 <= position < len(elements) else None


def truthy(value: Any) -> bool:
    """What a value answers as a condition: null, false, 0 and the empty text are false, everything else is true."""
    return value is not None and value is not False and value != 0 and value != ""


def equal(one: Any, other: Any, spend: Callable[[int], None] = lambda _: None) -> bool:
    """Equality of JSON values: numbers by value, members in any order, and true is not 1.

    `spend` is told how many elements are going to be compared, and may raise.
    """
    kind = type(one)
    if kind is not type(other):
        return kind is not bool and type(other) is not bool and bool(one == other)
    if kind is dict:
        spend(len(one))
        return one.keys() == other.keys() and all(equal(member, other[name], spend) for name, member in one.items())
    if kind is list:
        spend(min(len(one), len(other)))
        return len(one) == len(other) and all(equal(each, other[at], spend) for at, each in enumerate(one))
    if kind is str and len(one) == len(other) > _LONG_TEXT:
        spend(len(one) // _LONG_TEXT)
    return bool(one == other)


def exceeds(value: Any, limit_bytes: int) -> bool:
    """Whether the value would take more than this as JSON, or nests too deeply to be written.

    A value may hold one and the same part many times, so counting stops at the limit, not at the end.
    """
    return any(size > limit_bytes for size in sizes(value))


def size_bytes(value: Any) -> float:
    """About what the value takes as JSON, infinite if it can't be written; bounded work only for bounded values."""
    return max(sizes(value))


def sizes(value: Any) -> Iterator[float]:
    """The size of ever more of the value, as JSON, in steps of about a millisecond; the last is that of all of it."""
    if type(value) not in _CONTAINERS:
        yield _add_elements((value,), [])
        return
    size = work = 0
    level = [value]
    for _ in range(DEEPEST):
        containers: list[Any] = []
        for container in level:
            for part in _parts(container) if len(container) > _PART else (container,):
                known = len(containers)
                added = _add_members(part, containers)
                size += added
                work += added + _CONTAINER_WORK * (len(containers) - known)
                if work > _STEP_BYTES:
                    work = 0
                    yield size
        if not containers:
            yield size
            return
        level = containers
    yield inf


def _parts(container: Any) -> Iterator[Any]:
    """What a long container holds, in parts that take no longer than a step."""
    if type(container) is list:
        return (container[start : start + _PART] for start in range(0, len(container), _PART))
    members = iter(container.items())
    return iter(lambda: dict(islice(members, _PART)), {})


def _add_members(value: Any, containers: list[Any]) -> int:
    """The size of a value without the containers in it, which are added to the list."""
    if type(value) is dict:
        return sum(map(len, value)) + 4 * len(value) + _add_elements(value.values(), containers)
    return 2 + len(value) + _add_elements(value, containers)


def _add_elements(elements: Collection[Any], containers: list[Any]) -> int:
    if len(elements) > _MANY and _SHORT.issuperset(map(type, elements)):
        return 4 * len(elements)
    size = 0
    for element in elements:
        kind = type(element)
        if kind is str:
            size += 2 + (len(element) if element.isascii() else len(element.encode("utf-8", "replace")))
        elif kind is not dict and kind is not list:
            size += 4
        elif element:
            containers.append(element)
        else:
            size += 2
    return size
