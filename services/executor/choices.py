"""What a chooser offers: its output in the one shape that clients read, and whether a value is among it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from libs.common.errors import Detail
from libs.runtime.validation import Validator

_MEMBERS = ("label", "value")
_MOST_CHECKED = 1_000
_EXACT = 1 << 53


def chooser(value: Any) -> Any:
    """A bare list stands for its `data`; anything else is left as the author made it."""
    return {"data": value} if isinstance(value, list) else value


def choices(output: Any) -> list[Any]:
    """The entries of a chooser's output that can be chosen."""
    return [entry for entry in _entries(output) if isinstance(entry, dict) and "value" in entry]


def chooser_failures(output: Any, values: Validator | None) -> Iterator[Detail]:
    """Where the output is not `{data: [{label, value}]}` with values as the datatype's `data` says.

    Some authors describe a whole entry in `data`, so an entry that fits it is fine too.
    """
    if not isinstance(output, dict) or not isinstance(output.get("data"), list):
        yield Detail("", "a chooser answers {data: [{label, value}]}")
    for index, entry in enumerate(_entries(output)[:_MOST_CHECKED]):
        missing = [name for name in _MEMBERS if not isinstance(entry, dict) or name not in entry]
        if missing:
            yield Detail(f"data.{index}", f"has no {' and no '.join(missing)}")
        elif values is not None and values.failures(entry["value"]) and values.failures(entry):
            yield Detail(f"data.{index}.value", "is not as the datatype's `data` says")


def is_chosen(value: Any, offered: list[Any]) -> bool:
    """Whether it is one of the choices, or a list of such, for fields that hold several."""
    known = {_key(each["value"]) for each in offered if isinstance(each, dict) and "value" in each}
    return _key(value) in known or (isinstance(value, list) and all(_key(each) in known for each in value))


def _entries(output: Any) -> list[Any]:
    data = output.get("data") if isinstance(output, dict) else None
    return data if isinstance(data, list) else []


def _key(value: Any) -> bytes:
    """The same for values that are equal as JSON, so that many are compared with many in one pass."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> Any:
    """With whole numbers written as such, which is what becomes of 1.0 on its way through a browser."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(element) for element in value] if isinstance(value, list) else value
