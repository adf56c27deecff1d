"""Plain scalars of YAML 1.2's core schema: which texts are numbers, true, false and null, and how those are written."""

import re
from typing import Any

import orjson

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_DIGITS = 21
_BASED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# What can be written without quotes, because no reader of YAML 1.1 or 1.2 takes it for anything but a text.
_PLAIN = re.compile(r"[^\W\d_]([\w./ -]*[\w./-])?")
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}


def read(text: str) -> Any:
    """The value of a plain scalar; ValueError for a number that JSON can't hold."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text) and len(text) <= _DIGITS and -(1 << 63) <= int(text) < 1 << 64:
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError
    return _finite(float(text)) if _FLOAT.fullmatch(text) else text


def is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def write(value: Any) -> str:
    """A number, true, false or null; numbers with an exponent as readers of YAML 1.1 know them, too."""
    text = orjson.dumps(value).decode()
    mantissa, mark, exponent = text.partition("e")
    if type(value) is not float or not mark:
        return text
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"


def _finite(number: float) -> float:
    if number in {float("inf"), float("-inf")}:
        raise ValueError
    return number
