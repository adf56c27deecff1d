"""Places inside a value as references name them, and what is found there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from libs.logic.core.registry import Type, Unfit, list_of
from libs.logic.values import walk

_DEEPEST = 100
_Step = TypeVar("_Step", str, int, str | int)


def _step(value: Any) -> str | int:
    if type(value) is str or type(value) is int:
        return value
    raise ValueError


_STEP = Type({"type": ["string", "integer"]}, "a name or a position", _step)
Path = Annotated[
    list[str | int],
    list_of(_STEP, "an array of names and positions"),
    "Where to look, as in references: names of members and positions; empty for the value itself.",
]


def at(value: Any, path: list[Any]) -> Any:
    """What is there; null where there is nothing."""
    return walk(value, tuple(path))


def finder(path: list[Any]) -> Callable[[Any], Any]:
    """Finds what is there in one value after the other."""
    steps = tuple(path)
    if not steps:
        return lambda value: value
    if len(steps) > 1 or type(steps[0]) is int:
        return lambda value: walk(value, steps)
    name = steps[0]
    return lambda value: value.get(name) if type(value) is dict else walk(value, steps)


def shallow(path: list[_Step], parameter: str = "path") -> list[_Step]:
    """The path, unless following it would make something too deep to be JSON."""
    if len(path) > _DEEPEST:
        raise Unfit(parameter, f"must lead at most {_DEEPEST} levels deep")
    return path
