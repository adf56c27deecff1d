"""Keeps secrets out of what is told or written down: in any JSON, as they are and as they are commonly encoded."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

SHORTEST_PART = 6
"""A shorter secret is blotted only where it is a whole text: inside others it is too likely a part of a word."""
_LONGEST_ENCODED = 4096
# A text that may have been cut off, and what of a secret is no longer just the word before it, such as `Bearer`.
_SHORTEST_CUT, _SHORTEST_TAIL = 1000, 9
# More secrets aren't compared with one another, and for more parts than that a text is gone through just once.
_MANY, _VERY_MANY = 200, 1000
_NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.ASCII)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value, as far as it can be a secret, and every number that is long enough to be one."""
    if isinstance(value, str):
        if value:
            yield value
    elif type(value) in (int, float):
        yield from numerals_of(value) if _has_many_digits(value) else ()
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts_of(member)
    elif isinstance(value, list):
        for element in value:
            yield from texts_of(element)


def numerals_of(number: float) -> set[str]:
    """How a number is written: exactly, as the double that scripts see, and as that without an exponent."""
    return {orjson.dumps(number).decode(), orjson.dumps(float(number)).decode(), _plain(number)}


def _has_many_digits(number: float) -> bool:
    return sum(map(str.isdigit, _plain(number).lstrip("-0."))) >= SHORTEST_PART


def _plain(number: float) -> str:
    return f"{Decimal(repr(float(number))).normalize():f}"


def forms_of(secret: str) -> set[str]:
    """The secret, and what becomes of it in URLs, JSON, hexadecimal digits and inside longer texts in base64.

    Those are what it is written in without a bad intention. Whoever means to hide it can: no list is complete.
    """
    if not SHORTEST_PART <= len(secret) <= _LONGEST_ENCODED:
        return {secret}
    raw = secret.encode("utf-8", "replace")
    written = {secret, quote(secret, safe=""), quote_plus(secret), orjson.dumps(secret)[1:-1].decode()}
    in_base64 = {text for lead in range(3) for text in _in_base64(raw, lead) if len(text) >= SHORTEST_PART}
    return written | in_base64 | {raw.hex(), raw.hex().upper()}


def _in_base64(raw: bytes, lead: int) -> tuple[str, str]:
    """The digits, in both alphabets, that do not depend on what stands before (`lead` bytes, modulo 3) and after."""
    digits = b64encode(bytes(lead) + raw)[-(-lead * 8 // 6) : (lead + len(raw)) * 8 // 6].decode()
    return digits, digits.replace("+", "-").replace("/", "_")


class Blotter:
    """Puts a blot in the place of each of a fixed set of secrets."""

    def __init__(self, secrets: Iterable[str], blot: str = "***") -> None:
        known = set(secrets)
        self._blot = blot
        self._whole = frozenset(known)
        parts = {text for text in known if len(text) >= SHORTEST_PART}
        self._numerals = frozenset(text for text in parts if _NUMERAL.fullmatch(text))
        self._parts = sorted(parts.union(*map(forms_of, _smallest(parts))), key=len, reverse=True)
        self._by_start = _by_start(self._parts) if len(self._parts) > _VERY_MANY else None
        self._traces = [orjson.dumps(text) for text in known if len(text) < SHORTEST_PART]
        self._traces += [orjson.dumps(text)[1:-1] for text in self._parts]

    def json(self, raw: bytes) -> bytes:
        """The JSON text without the secrets; untouched, and quickly so, where there are none."""
        if self._by_start is None and not any(trace in raw for trace in self._traces):
            return raw
        return orjson.dumps(self.value(orjson.loads(raw)))

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(name): self.value(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.value(element) for element in value]
        if self._numerals and type(value) in (int, float) and not self._numerals.isdisjoint(numerals_of(value)):
            return self._blot
        return value

    def _text(self, text: str) -> str:
        if text in self._whole:
            return self._blot
        if self._by_start is not None:
            text = self._without_any(text, self._by_start)
        else:
            for part in self._parts:
                text = text.replace(part, self._blot)
        return self._without_tail(text) if len(text) >= _SHORTEST_CUT else text

    def _without_any(self, text: str, by_start: dict[str, list[str]]) -> str:
        pieces: list[str] = []
        done = at = 0
        while at <= len(text) - SHORTEST_PART:
            starting = by_start.get(text[at : at + SHORTEST_PART], ())
            part = next((each for each in starting if text.startswith(each, at)), None)
            if part is None:
                at += 1
            else:
                pieces += [text[done:at], self._blot]
                done = at = at + len(part)
        return "".join([*pieces, text[done:]])

    def _without_tail(self, text: str) -> str:
        """A provider's answer is told as far as it fits: what it is cut off in may be a secret."""
        for part in self._parts:
            start = text.find(part[:_SHORTEST_TAIL], max(len(text) - len(part) + 1, 0))
            while start >= 0:
                if part.startswith(text[start:]):
                    return text[:start] + self._blot
                start = text.find(part[:_SHORTEST_TAIL], start + 1)
        return text


def _smallest(secrets: set[str]) -> Iterable[str]:
    """Without those that hold another, as a header does its token: they are found by that one."""
    if len(secrets) > _MANY:
        return secrets
    return [text for text in secrets if not any(other in text and other != text for other in secrets)]


def _by_start(parts: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts:
        found.setdefault(part[:SHORTEST_PART], []).append(part)
    return found
