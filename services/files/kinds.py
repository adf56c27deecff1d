"""The kinds of component as the public API has them, and the numbers of their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Number: TypeAlias = tuple[int, int, int]

FIRST: Number = (1, 0, 0)  # creating a component makes it
SECURE_DEFAULT = "x-secure-default"


@dataclass(frozen=True, slots=True)
class Kind:
    """`members` are what a row holds, each with what it is where it is left out; `identity` as requests name it."""

    name: str
    identity: str
    members: Mapping[str, Any]


# In the order in which they are written: what others refer to comes first.
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("variable", "component_id", {"label": {}, "config": {}, "required": False, "schema": {}}),
        Kind("datatype", "datatype_id", {"schema": {}, "logic": {}}),
        Kind("condition", "condition_id", {"label": {}, "schema": {}, "logic": {}}),
        Kind("action", "component_id", {"label": {}, "tag": None, "schema": {}, "logic": {}}),
        Kind("event", "event_id", {"type": "standard", "config": {}, "logic": {}, "setting": {}}),
        Kind("trigger", "trigger_id", {"label": {}, "schema": {}, "logic": {}}),
    )
}
PLACES: Mapping[str, int] = {name: place for place, name in enumerate(KINDS)}


def number_of(text: str) -> Number:
    """`2` is (2, 0, 0), as the API compares them."""
    major, minor, patch, *_ = (*map(int, text.split(".")), 0, 0)
    return major, minor, patch


def text_of(number: Number) -> str:
    return ".".join(map(str, number))
