"""The logic language's public cases: each states a node, what surrounds it, and its result or error.

`python -m libs.logic.cases` runs them, against this implementation or any other (see docs/logic.md).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from libs.logic.values import equal

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    group: str
    """The file that it is from, without its ending."""
    name: str
    node: Any
    context: dict[str, Any]
    expected: dict[str, Any]
    """Has `result` or `error`; an error states only the members that matter."""

    def holds(self, outcome: dict[str, Any]) -> bool:
        error = self.expected.get("error")
        if error is None:
            return "error" not in outcome and equal(outcome.get("result"), self.expected["result"])
        told = outcome.get("error") or {}
        return all(name in told and equal(told[name], value) for name, value in error.items())


def groups() -> list[str]:
    return sorted(file.relative_to(_FOLDER).with_suffix("").as_posix() for file in _FOLDER.rglob("*.json"))


def read(group: str) -> list[Case]:
    """The cases of one file."""
    return [_case(group, each) for each in orjson.loads((_FOLDER / f"{group}.json").read_bytes())]


def _case(group: str, written: dict[str, Any]) -> Case:
    expected: dict[str, Any] = {key: written[key] for key in ("result", "error") if key in written}
    return Case(group, written["name"], written["node"], written["context"], expected)
