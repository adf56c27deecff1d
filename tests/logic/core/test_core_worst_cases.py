"""No function holds the event loop up: what is not given to a process takes about 2 ms at most."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from libs.logic.core import LIBRARY
from libs.logic.core.registry import LARGE_BYTES, Function, Parameter
from libs.logic.errors import LogicError

# On a busy machine; they take about 2 ms at most on an idle one.
_LONGEST_S = 0.006
_TRIES = 3

TEXTS: dict[str, Callable[[int], str]] = {
    "letters": lambda size: "aB" * (size // 2),
    "words": lambda size: "a " * (size // 2),
    "signs": lambda size: "&<{}" * (size // 4),
    "brackets": lambda size: "<a>" * (size // 3),
    "unclosed": lambda size: "<a" * (size // 2),
    "placeholders": lambda size: "{{a}}" * (size // 5),
    "accents": lambda size: "ǖΐ" * (size // 4),
    "lines": lambda size: "\n" * size,
    "open": lambda size: "{{" + " " * size,
    "digits": lambda size: "1" * min(size, 999) + "x",
    "one letter": lambda size: "a" * size,
}
ARRAYS: dict[str, Callable[[int], list[Any]]] = {
    "numbers": lambda size: list(range(size // 5)),
    "fractions": lambda size: [each + 0.5 for each in range(size // 5)],
    "texts": lambda size: [str(each) for each in range(size // 7)],
    "empty texts": lambda size: [""] * (size // 3),
    "objects": lambda size: [{"a": each} for each in range(size // 12)],
    "entries": lambda size: [["a", each] for each in range(size // 14)],
    "arrays": lambda size: [[]] * (size // 3),
    "deep": lambda size: [_nested(40)] * (size // 200),
}
OBJECTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "flat": lambda size: {str(each): each for each in range(size // 12)},
    "texts": lambda size: {str(each): str(each) for each in range(size // 16)},
    "dotted": lambda size: {f"{each}{'.a' * 20}": each for each in range(size // 50)},
    "inner": lambda size: {str(each): {"a": each} for each in range(size // 20)},
}


def _nested(depth: int) -> Any:
    return [_nested(depth - 1)] if depth else 1


PARAMETERS: dict[str, list[Any]] = {
    "pattern": ["a", "[a-z]+", "(?:a|b)*a(?:a|b){20}c", "(a?){20}b", "a(?:.*b)?", ".{0,90}x", "(?:.*,)*x"],
    "path": [["a"], [], ["a", "b", 0]],
    "separator": [",", "", "."],
    "operator": ["equal", "larger"],
    "length": [60_000, 5],
    "times": [5_000],
    "size": [1],
    "start": [0],
    "end": [18_000],
    "base": [2],
    "part": ["a", "ab", "ab" + "a" * 9_000, "a" * 9_000 + "ba"],
    "characters": ["".join(map(chr, range(100, 200)))],
    "names": [["a", "b"]],
    "format": ["yyyy-MM-dd"],
}


def sources(function: Function) -> Iterator[dict[str, Any]]:
    """Inputs almost as large as they may be, each kind of them in turn."""
    large = sum(map(_is_large, function.parameters)) or 1
    largest = (min(function.large_bytes, LARGE_BYTES) - 300) // large
    sizes = [largest] if function.heavy is None else [largest >> shift for shift in range(0, 10, 2)]
    for kind, size in product(range(len(TEXTS)), sizes):
        for choice in [kind] if function.heavy is None else range(7):
            yield {
                each.name: _value(each, size, kind, choice)
                for each in function.parameters
                if each.required or each.name in PARAMETERS
            }


def _is_large(parameter: Parameter) -> bool:
    kind = parameter.type.schema.get("type")
    return parameter.name not in PARAMETERS and kind in ("array", "object", "string", None)


def _value(parameter: Parameter, size: int, kind: int, choice: int) -> Any:
    if parameter.name in PARAMETERS and parameter.type.schema.get("type") != "object":
        known = PARAMETERS[parameter.name]
        return known[choice % len(known)]
    schema = parameter.type.schema
    if "enum" in schema:
        return schema["enum"][choice % len(schema["enum"])]
    match schema.get("type"):
        case "string":
            return _one(TEXTS, kind)(size)
        case "object":
            return _one(OBJECTS, kind)(size)
        case "array":
            return _array(schema.get("items", {}).get("type"), size, kind)
        case None:
            return _one(ARRAYS, kind)(size)
        case "boolean":
            return choice % 2 == 0
    return 7


def _array(items: Any, size: int, kind: int) -> list[Any]:
    match items:
        case "string":
            return [["", "a" * 5][kind % 2]] * (size // 9)
        case "number":
            return _one({name: ARRAYS[name] for name in ("numbers", "fractions")}, kind)(size)
        case "array":
            return [_one(ARRAYS, kind)(size // 2)] * 2 if kind % 2 else ARRAYS["arrays"](size)
        case "object":
            return [_one(OBJECTS, kind)(size // 2)] * 2 if kind % 2 else ARRAYS["objects"](size)
    return _one(ARRAYS, kind)(size)


def _one(known: dict[str, Any], kind: int) -> Any:
    return list(known.values())[kind % len(known)]


def _seconds(function: Function, source: dict[str, Any]) -> float:
    start = time.thread_time()
    with suppress(LogicError):
        function.call(source)
    return time.thread_time() - start


@pytest.mark.parametrize("name", LIBRARY)
def test_it_holds_nothing_up(name: str) -> None:
    function = LIBRARY[name]
    for source in sources(function):
        if not function.is_large(source):
            tries = (_seconds(function, source) for _ in range(_TRIES))
            assert any(seconds < _LONGEST_S for seconds in tries), str(source)[:300]
