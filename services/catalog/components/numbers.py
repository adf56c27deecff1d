"""Version numbers of component rows: dotted, compared numerically, missing parts are 0."""

from __future__ import annotations

import re
from typing import TypeAlias

Number: TypeAlias = tuple[int, int, int]

FIRST = "1.0.0"
MINOR = "minor"
MAJOR = "major"
_LARGEST = 999_999_999
_DOTTED = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}\Z")


def parse(text: str) -> Number | None:
    """`2` is (2, 0, 0); None for what is no number."""
    if not _DOTTED.match(text):
        return None
    major, minor, patch, *_ = (*map(int, text.split(".")), 0, 0)
    return major, minor, patch


def following(number: Number, step: str) -> str:
    """The number after `number` by a `minor` or `major` step."""
    major, minor, _ = number
    return f"{major + 1}.0.0" if step == MAJOR else f"{major}.{minor + 1}.0"


def newest_first(number: Number) -> str:
    """A text by which numbers sort from the largest to the smallest."""
    return ".".join(f"{_LARGEST - part:09}" for part in number)
