"""How core's functions compare values: as keys for equality, in an order, and by an operator that is a parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from operator import ge, gt, le, lt
from typing import Annotated, Any

import orjson

from libs.logic.core.registry import Unfit, one_of
from libs.logic.values import equal

Operator = Annotated[
    str,
    one_of("equal", "not-equal", "larger", "larger-or-equal", "smaller", "smaller-or-equal"),
    "How what is found is compared with the value. An order needs a number or a text as the value, and holds only for "
    "what is found of the same kind.",
]

_WIDEST = 2.0**63
_FRACTION = re.compile(rb"[0-9][.e]")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "larger": gt,
    "larger-or-equal": ge,
    "smaller": lt,
    "smaller-or-equal": le,
}


def key_of(value: Any) -> Hashable:
    """The same for equal values, and for no others.

    Containers become texts: the hashes of tuples could be made to collide.
    """
    kind = type(value)
    if kind is list or kind is dict:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return orjson.dumps(_whole(value), option=orjson.OPT_SORT_KEYS) if _FRACTION.search(text) else text
    return (kind, value) if kind is bool else value


def _whole(value: Any) -> Any:
    """The value with its whole numbers as integers, so that 1.0 is written like 1."""
    kind = type(value)
    if kind is list:
        return list(map(_whole, value))
    if kind is dict:
        return dict(zip(value, map(_whole, value.values()), strict=True))
    return int(value) if kind is float and value.is_integer() and -_WIDEST <= value < 2 * _WIDEST else value


def holds(operator: str, value: Any) -> Callable[[Any], bool]:
    """Whether what it is asked about stands to this value as the operator says."""
    if operator == "equal":
        return lambda found: equal(found, value)
    if operator == "not-equal":
        return lambda found: not equal(found, value)
    order = _ORDERS[operator]
    kinds = (str,) if type(value) is str else (int, float)
    if type(value) not in kinds:
        raise Unfit("value", f"must be a number or a text for '{operator}'")
    return lambda found: type(found) in kinds and order(found, value)


def ordered_kind(values: list[Any], parameter: str) -> None:
    """Raises Unfit unless the values are all numbers, all texts, or all true or false: others have no order."""
    kinds = {float if kind is int else kind for kind in set(map(type, values))}
    if len(kinds) > 1 or not kinds.issubset({float, str, bool}):
        raise Unfit(parameter, "can only be ordered where all are numbers, all are texts, or all are true or false")
