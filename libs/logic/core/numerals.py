"""Numbers as JSON carries them, and numbers as texts."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any

import orjson

from libs.logic.core.registry import Unfit

# What JSON writers and readers take as exact integers, and what a double holds exactly.
_LEAST, _MOST = -(2**63), 2**64 - 1
_EXACT = 2**53
_DIGITS = Context(prec=400)
_NUMERAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_LONGEST = 1_000


def fit(number: float) -> float:
    """The number as JSON carries it: whole ones as integers, those beyond 64 bits as the nearest double.

    Raises Unfit for infinity and what is no number.
    """
    if type(number) is int and _LEAST <= number <= _MOST:
        return number
    try:
        number = float(number)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("", "the result is too large for a number")
    return int(number) if number.is_integer() and -_EXACT < number < _EXACT else number


def number_in(text: str) -> float | None:
    """The number that a text writes as JSON or a person would, spaces around it allowed; None where it writes none."""
    text = text.strip()
    if len(text) > _LONGEST or not _NUMERAL.fullmatch(text):
        return None
    number = int(text) if _INTEGER.fullmatch(text) else float(text)
    return fit(number) if math.isfinite(number) else None


def written(value: Any) -> str:
    """A text as it is, null as nothing, a number as short as it can be; true, false, arrays and objects as JSON."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    return orjson.dumps(fit(value) if type(value) is float else value).decode()


def rounded(number: float, decimals: int, *, half_even: bool = False) -> Decimal:
    """Rounded in decimal, so that 1.005 is what it looks like."""
    way = ROUND_HALF_EVEN if half_even else ROUND_HALF_UP
    return Decimal(repr(number)).quantize(Decimal(1).scaleb(-decimals), rounding=way, context=_DIGITS)


def shown(number: float, decimals: int | None, point: str = ".", grouping: str = "") -> str:
    """With so many decimals, else as many as it has, and its thousands grouped."""
    exact = Decimal(repr(number)) if decimals is None else rounded(number, decimals)
    told = f"{exact:,f}"
    if decimals is None and "." in told:
        told = told.rstrip("0").rstrip(".")
    whole, dot, fraction = told.partition(".")
    sign = "" if exact else "-"  # -0.00 is 0.00
    return whole.removeprefix(sign).replace(",", grouping) + (point + fraction if dot else "")
