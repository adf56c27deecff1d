"""Terms: hashes of path=value by which an index narrows a notification to the subscriptions that it concerns.

A subscription stores those of its scalar variables and state, and of what endpoints can be scoped to. Scoped
endpoints and a route's `match` ask for them. Pure functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

MAX_TERMS = 64
_MAX_DEPTH = 8


def term(path: str, value: object) -> str:
    """The hash of one path and its scalar value; `1` and `1.0` are one value, `"1"` another."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = orjson.dumps([path, value]) if not _huge(value) else f"{path}={value}".encode()
    return hashlib.sha256(text).hexdigest()[:32]


def terms_of(variables: object, state: object, scopes: Mapping[str, str | None]) -> tuple[str, ...]:
    """What a subscription can be found by: its scopes first, then scalars in order, at most MAX_TERMS."""
    found = [term(f"@{name}", value) for name, value in scopes.items() if value is not None]
    for root, content in (("variables", variables), ("state", state)):
        found.extend(term(path, value) for path, value in _scalars(content, root, _MAX_DEPTH))
    return tuple(dict.fromkeys(found))[:MAX_TERMS]


def terms_asked(match: Mapping[str, Any]) -> tuple[str, ...]:
    """The terms that a route's `match` asks for. Raises ValueError for a value that is not scalar."""
    for path, value in match.items():
        if isinstance(value, dict | list):
            raise ValueError(f"match.{path}: must be text, a number, true, false or null")
    return tuple(term(path, value) for path, value in match.items())


def _scalars(content: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(content, dict) and depth:
        for name, value in content.items():
            yield from _scalars(value, f"{path}.{name}", depth - 1)
    elif not isinstance(content, dict | list):
        yield path, content


def _huge(value: object) -> bool:
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 64
