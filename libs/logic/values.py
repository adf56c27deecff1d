"""JSON values that enter and leave logic: parsed and measured within bounds on size and nesting."""

from collections.abc import Iterable
from typing import Any

import orjson

# orjson writes at most 254 levels, so nothing deeper may come in or go out.
DEEPEST = 250


def parse(text: bytes) -> Any:
    """The value of a JSON text; ValueError when it isn't JSON or is nested too deeply to be written again."""
    value = orjson.loads(text)
    if text.count(b"[") + text.count(b"{") > DEEPEST and exceeds(value, len(text) * 4):
        raise ValueError(f"the value is nested deeper than {DEEPEST} levels")
    return value


def exceeds(value: Any, limit_bytes: int) -> bool:
    """Whether the value would take more than this as JSON, or nests too deeply to be written.

    A value may hold one and the same part many times, so counting stops at the limit, not at the end.
    """
    size = 0
    level = [value]
    for _ in range(DEEPEST):
        containers: list[Any] = []
        for container in level:
            size += _add_members(container, containers)
            if size > limit_bytes:
                return True
        if not containers:
            return False
        level = containers
    return True


def _add_members(value: Any, containers: list[Any]) -> int:
    """The size of a value without the containers in it, which are added to the list."""
    kind = type(value)
    if kind is dict:
        return sum(map(len, value)) + 4 * len(value) + _add_elements(value.values(), containers)
    if kind is list:
        return 2 + len(value) + _add_elements(value, containers)
    return _add_elements((value,), containers)


def _add_elements(elements: Iterable[Any], containers: list[Any]) -> int:
    size = 0
    for element in elements:
        kind = type(element)
        if kind is str:
            size += 2 + (len(element) if element.isascii() else len(element.encode("utf-8", "replace")))
        elif kind is dict or kind is list:
            containers.append(element)
        else:
            size += 4
    return size
