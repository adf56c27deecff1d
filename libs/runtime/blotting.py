"""Keeps secrets out of what is written down: in any JSON, as they are and as they are commonly encoded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from libs.logic.scope import Credential

_BLOT = "***"
# A shorter secret is blotted only where it is a whole text: inside others it is too likely a part of a word.
_SHORTEST_PART = 6
_LONGEST_ENCODED = 4096
# A text that may have been cut off, and what of a secret is no longer just the word before it, such as `Bearer`.
_SHORTEST_CUT, _SHORTEST_TAIL = 1000, 9


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
    told = [credential.token, *credential.secrets.values(), *credential.headers.values(), *credential.query.values()]
    yield from texts_of(told)


def forms_of(secret: str) -> set[str]:
    """The secret, and what becomes of it in URLs, JSON, hexadecimal digits and inside longer texts in base64.

    Those are what it is written in without a bad intention. Whoever means to hide it can: no list is complete.
    """
    if not _SHORTEST_PART <= len(secret) <= _LONGEST_ENCODED:
        return {secret}
    raw = secret.encode("utf-8", "replace")
    written = {secret, quote(secret, safe=""), quote_plus(secret), orjson.dumps(secret)[1:-1].decode(), raw.hex()}
    in_base64 = {text for lead in range(3) for text in _in_base64(raw, lead) if len(text) >= _SHORTEST_PART}
    return written | in_base64


def _in_base64(raw: bytes, lead: int) -> tuple[str, str]:
    """The digits, in both alphabets, that do not depend on what stands before (`lead` bytes, modulo 3) and after."""
    digits = b64encode(bytes(lead) + raw)[-(-lead * 8 // 6) : (lead + len(raw)) * 8 // 6].decode()
    return digits, digits.replace("+", "-").replace("/", "_")


class Blotter:
    """Blots a fixed set of secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = set(secrets)
        self._whole = frozenset(known)
        parts = {text for text in known if len(text) >= _SHORTEST_PART}
        # What holds another secret, as a header does its token, is found by that one.
        smallest = [text for text in parts if not any(other in text and other != text for other in parts)]
        self._parts = sorted(parts.union(*map(forms_of, smallest)), key=len, reverse=True)
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
        return self._without_tail(text) if len(text) >= _SHORTEST_CUT else text

    def _without_tail(self, text: str) -> str:
        """A provider's answer is told as far as it fits: what it is cut off in may be a secret."""
        for part in self._parts:
            for length in range(len(part) - 1, _SHORTEST_TAIL - 1, -1):
                if text.endswith(part[:length]):
                    return text[:-length] + _BLOT
        return text
