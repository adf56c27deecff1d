"""An answer beside a sample of it: the same members in the same casing, values of the same kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

FREE = frozenset(
    {"schema", "logic", "config", "setting", "label", "input", "output", "variables", "authorization", "message_info"}
)
"""Members that hold whatever was given: only their kind is compared."""
MAY_BE_NULL = frozenset({"tag", "virtualId", "key", "basic"})
_SAMPLE_TIME = re.compile(r"\d{4,5}-\d\d-\d\dT\d\d:\d\d:\d\d\Z")  # some samples have a year of five digits
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\Z")


def differences(sample: Any, answer: Any, added: frozenset[str] = frozenset(), at: str = "") -> Iterator[str]:
    """What an answer has otherwise than its sample, beside the members that are `added` to its rows."""
    if isinstance(sample, list) and isinstance(answer, list) and sample:
        if not answer:
            yield f"{at}: an empty list says nothing"
        for index, row in enumerate(answer):
            yield from differences(sample[0], row, added, f"{at}.{index}")
    elif isinstance(sample, dict) and isinstance(answer, dict):
        yield from _between_objects(sample, answer, added, at)
    elif _kind(sample) != _kind(answer):
        yield f"{at}: {_kind(answer)} instead of {_kind(sample)}"
    elif isinstance(sample, str) and _SAMPLE_TIME.match(sample) and not _TIME.match(answer):
        yield f"{at}: {answer!r} is no time"


def _between_objects(
    sample: Mapping[str, Any], answer: Mapping[str, Any], added: frozenset[str], at: str
) -> Iterator[str]:
    own = {each for each in added if "." not in each}
    for name in sorted(sample.keys() - answer.keys()):
        yield f"{at}.{name}: missing"
    for name in sorted(answer.keys() - sample.keys() - own):
        yield f"{at}.{name}: neither in the sample nor added to it"
    for name in sorted(own - answer.keys()):
        yield f"{at}.{name}: said to be added, and is not there"
    for name in sample.keys() & answer.keys():
        one, other = sample[name], answer[name]
        if None in (one, other) and name in MAY_BE_NULL:
            continue
        if name in FREE and _kind(one) == _kind(other):
            continue
        inner = frozenset(each.partition(".")[2] for each in added if each.startswith(f"{name}."))
        yield from differences(one, other, inner, f"{at}.{name}")


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
