"""Keeps secrets out of what is written down: exact values in any JSON, replaced by `***`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from libs.logic.scope import Credential

_BLOT = "***"
# A shorter secret is blotted only where it is a whole text: inside others it is too likely a part of a word.
_SHORTEST_PART = 6


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value, as far as it can be a secret."""
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts_of(member)
    elif isinstance(value, list):
        for element in value:
            yield from texts_of(element)


def secrets_of(credential: Credential) -> Iterator[str]:
    yield from texts_of([credential.token, *credential.headers.values(), *credential.query.values()])


class Blotter:
    """Blots a fixed set of secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = set(secrets)
        self._whole = frozenset(known)
        self._parts = sorted((text for text in known if len(text) >= _SHORTEST_PART), key=len, reverse=True)
        self._traces = [orjson.dumps(text) for text in known if len(text) < _SHORTEST_PART]
        self._traces += [orjson.dumps(text)[1:-1] for text in self._parts]

    def json(self, raw: bytes) -> bytes:
        """The JSON text without the secrets; untouched, and quickly so, where there are none."""
        if not any(trace in raw for trace in self._traces):
            return raw
        return orjson.dumps(self.value(orjson.loads(raw)))

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(name): self.value(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.value(element) for element in value]
        return value

    def _text(self, text: str) -> str:
        if text in self._whole:
            return _BLOT
        for part in self._parts:
            text = text.replace(part, _BLOT)
        return text
