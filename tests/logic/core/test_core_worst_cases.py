"""No function holds the event loop up: what is done in place takes about 2 ms at most, measuring its value included."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from libs.logic.core import LIBRARY
from libs.logic.core.registry import LARGE_BYTES, Function, Outgrown, Parameter
from libs.logic.errors import LogicError
from libs.logic.values import exceeds, sizes

# On a busy machine; they take about 3 ms at most on an idle one.
_LONGEST_S = 0.006
_TRIES = 5

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
    "references": lambda size: "$&" * (size // 2),
    "ligatures": lambda size: "\ufdfa" * (size // 3),
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
    "long name": lambda size: {"a" * (size // 2): [1] * (size // 4)},
    "long parent": lambda size: {"a" * (size // 2): {str(each): 1 for each in range(size // 12)}},
    "long text": lambda size: {"a": "b" * size},
}


def _nested(depth: int) -> Any:
    return [_nested(depth - 1)] if depth else 1


PARAMETERS: dict[str, list[Any]] = {
    "pattern": ["a", "[a-z]+", "(?:a|b)*a(?:a|b){20}c", "(a?){20}b", "a(?:.*b)?", ".{0,90}x", "(?:.*,)*x"],
    "path": [["a"], [], ["a", "b", 0]],
    "separator": [",", "", ".", "," * 4_000],
    "operator": ["equal", "larger"],
    "length": [5, 60_000, 65_000, 3_000_000, 6_000_000],
    "times": [3, 3_200, 60_000, 100_000, 300_000, 6_000_000],
    "fill": ["é", " ", "ab"],
    "size": [1],
    "start": [0],
    "end": [3_000, 15_000, 300_000],
    "step": [1, 0.5],
    "decimals": [20, 0],
    "base": [2],
    "part": ["a", "ab", "ab" + "a" * 9_000, "a" * 9_000 + "ba"],
    "characters": ["".join(map(chr, range(100, 200)))],
    "replacement": ["$&" * 1_000, "$&" * 30_000, "b" * 30_000, "b" * 200, "$1"],
    "template": ["{{a}}" * 3_000, "{{a}}" * 100, "{{a}}"],
    "names": [["a", "b"]],
    "format": ["yyyy-MM-dd"],
}


def sources(function: Function) -> Iterator[dict[str, Any]]:
    """Inputs almost as large as they may be, each kind of them in turn."""
    large = sum(map(_is_large, function.parameters)) or 1
    largest = (min(function.large_bytes, LARGE_BYTES) - 300) // large
    counts = max((len(PARAMETERS.get(each.name, "")) for each in function.parameters), default=0)
    for kind, shift in product(range(len(TEXTS)), range(0, 14, 2)):
        size = largest >> shift
        for choice in range(counts) if counts else [kind]:
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


def _longest_s(function: Function, source: dict[str, Any]) -> float:
    """The longest turn of the event loop that a call takes."""
    began_s, turns = time.thread_time(), []
    with suppress(LogicError, Outgrown):
        for _ in sizes(function.call_in_place(source)):
            now_s = time.thread_time()
            turns.append(now_s - began_s)
            began_s = now_s
    return max(turns, default=time.thread_time() - began_s)


@pytest.mark.parametrize("name", LIBRARY)
def test_it_holds_nothing_up(name: str) -> None:
    function = LIBRARY[name]
    for source in sources(function):
        tries = (_longest_s(function, source) for _ in range(_TRIES))
        assert any(seconds < _LONGEST_S for seconds in tries), str(source)[:300]


@pytest.mark.parametrize(
    "value",
    [[[]] * 500_000, ["a"] * 500_000, [1, "a"] * 250_000, [[1]] * 300_000, {str(each): "a" for each in range(300_000)}],
    ids=["arrays", "texts", "numbers and texts", "arrays with elements", "members"],
)
def test_what_is_large_is_found_to_be_so_at_once_and_measured_in_steps(value: Any) -> None:
    def longest_s() -> float:
        began_s, turns = time.thread_time(), []
        assert exceeds(value, LARGE_BYTES)
        for _ in sizes(value):
            now_s = time.thread_time()
            turns.append(now_s - began_s)
            began_s = now_s
        return max(turns)

    assert any(longest_s() < _LONGEST_S for _ in range(_TRIES))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("string.pad-end", {"string": "a", "length": 3_000_000, "fill": "é"}),
        ("string.repeat", {"string": "ab", "times": 1_000_000}),
        ("string.replace-text", {"string": "a" * 100, "part": "a", "replacement": "b" * 30_000}),
        ("string.replace", {"string": "a" * 100, "pattern": "a", "replacement": "b" * 30_000}),
        ("string.template", {"template": "{{a}}" * 1_000, "values": {"a": "b" * 1_000}}),
        ("array.repeat", {"value": [], "times": 100_000}),
        ("array.range", {"start": 0, "end": 100_000}),
        ("array.join", {"array": [""] * 1_000, "separator": "," * 4_000}),
        ("object.flatten", {"object": {"a" * 2_000: dict.fromkeys(map(str, range(500)), 1)}}),
        ("query.encode", {"parameters": {"a" * 500: [1] * 500}}),
        ("xml.encode", {"value": {"a": {"b" * 500: [1] * 500}}}),
        ("json.encode", {"value": [[[[[[1]]]]]] * 1_000, "pretty": True}),
    ],
)
def test_what_grows_large_is_made_in_a_process(name: str, source: dict[str, Any]) -> None:
    with pytest.raises(Outgrown):
        LIBRARY[name].call_in_place(source)
    assert exceeds(LIBRARY[name].call(source), LARGE_BYTES)
