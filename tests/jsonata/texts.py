"""Random expressions over what JSONata has, and inputs for them."""

import random
from collections.abc import Callable
from typing import Any

SOURCES: list[Any] = [
    {
        "a": 1,
        "b": "x",
        "items": [
            {"n": 1, "t": "x", "tags": ["p", "q"]},
            {"n": 2, "t": "y"},
            {"n": 2, "t": "x", "tags": []},
            {"n": None, "t": "z"},
        ],
        "deep": {"x": {"y": [1, [2, 3]]}, "list": [5, 3, 8]},
    },
    [{"a": 1, "n": 4}, {"a": [1, 2], "n": 3}],
    {"a": {"n": 1}, "items": [{"n": 3, "t": "k"}], "b": [True, None]},
]

_ATOMS = [
    "a",
    "b",
    "$",
    "$$",
    "1",
    "2.5",
    "-3",
    "0",
    "'x'",
    "'hello_world'",
    "''",
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "nothing",
    "items",
    "items.n",
    "items.t",
    "items[0]",
    "items[-1]",
    "items[n>1]",
    "items.tags",
    "items.*",
    "**.n",
    "[1..4]",
    "{'k':1,'j':'x'}",
    "[3,1,2]",
    "['b','a']",
    "deep.x.y",
    "deep.list",
    "deep.list[1]",
    "'12'",
    "'2018-02-03'",
    "/l+/",
    "items.t[0]",
]
_OPERATORS = ["+", "-", "*", "/", "%", "&", "=", "!=", "<", ">", "<=", ">=", "and", "or", "in", "?:", "??"]
_STEPS = ["a", "n", "t", "tags", "$", "(n)", "x", "[n]", "*"]
_PREDICATES = ["0", "-1", "1", "$>1", "n=2", "t='x'", "[0,1]"]
_ORDERS = ["$", "n", ">n", "t", "<n,t"]
_GROUPS = ["{t: n}", "{'z': $}", "{t: $sum(n)}"]
_NUMBERS = ["1", "2", "-2", "0", "3"]
_BINARY = ["substringBefore", "substringAfter", "contains", "split", "join", "match", "lookup", "append", "zip"]
_BY_NUMBER = ["substring", "round", "pad", "power", "formatBase"]
_BY_FUNCTION = ["map", "filter", "single", "reduce", "sift", "each"]
_UNARY = [
    "sum",
    "count",
    "max",
    "min",
    "average",
    "string",
    "lowercase",
    "uppercase",
    "length",
    "trim",
    "number",
    "floor",
    "ceil",
    "abs",
    "sqrt",
    "boolean",
    "not",
    "keys",
    "exists",
    "spread",
    "merge",
    "reverse",
    "type",
    "sort",
    "distinct",
    "toMillis",
    "fromMillis",
    "base64encode",
    "encodeUrl",
    "encodeUrlComponent",
    "clone",
    "eval",
    "assert",
]
_FUNCTIONS = [
    "function($v){$v}",
    "function($v,$i){$i}",
    "function($v){$v>1}",
    "function($v,$k){$k & $string($v)}",
    "$string",
    "$uppercase",
    "function($a,$b){$a+$b}",
    "function($x){$x.n}",
    "$not",
    "function($v,$i,$a){$count($a)}",
]


def text(rng: random.Random, depth: int) -> str:
    if depth <= 0 or rng.random() < 0.15:
        return rng.choice(_ATOMS)
    return rng.choice(_FORMS)(rng, lambda: text(rng, depth - 1))


_Form = Callable[[random.Random, Callable[[], str]], str]

_FORMS: list[_Form] = [
    lambda rng, part: f"({part()}) {rng.choice(_OPERATORS)} ({part()})",
    lambda rng, part: f"({part()}) {rng.choice(_OPERATORS)} ({part()})",
    lambda rng, part: f"{part()}.{rng.choice(_STEPS)}",
    lambda rng, part: f"({part()}) ~> ${rng.choice(_UNARY)}",
    lambda rng, part: f"${rng.choice(_UNARY)}({part()})",
    lambda rng, part: f"${rng.choice(_UNARY)}({part()})",
    lambda rng, part: f"${rng.choice(_BINARY)}({part()}, {part()})",
    lambda rng, part: f"$replace({part()}, {part()}, 'r$1')",
    lambda rng, part: f"${rng.choice(_BY_NUMBER)}({part()}, {rng.choice(_NUMBERS)})",
    lambda rng, part: f"${rng.choice(_BY_FUNCTION)}({part()}, {rng.choice(_FUNCTIONS)})",
    lambda rng, part: f"({part()})[{rng.choice([*_PREDICATES, part()])}]",
    lambda rng, part: f"[{part()}, {part()}]",
    lambda rng, part: f"{{'k': {part()}, 'l': {part()}}}",
    lambda rng, part: f"({part()} ? {part()} : {part()})",
    lambda rng, part: f"({rng.choice(['items', 'deep.list', part()])})^({rng.choice(_ORDERS)})",
    lambda rng, part: f"({part()}){rng.choice(_GROUPS)}",
    lambda rng, part: f"($v := {part()}; [$v, {part()}])",
]
