"""JSONata as the computing process runs it, without the process: nothing stays, and nothing of Python is in reach."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonata.parser import Parser

from libs.logic.cases import read
from libs.logic.errors import LogicError
from libs.logic.sandbox.inside import expressions
from libs.logic.sandbox.inside.expressions import Expressions

CASES = [
    (case.node["expression"], case.context.get("source"))
    for case in read("expression")
    if "expression" in case.node and "error" not in case.expected
]
PAGE = (Path(__file__).parents[2] / "docs" / "logic-expressions.md").read_text()
EXAMPLES = re.findall(r"```jsonata\n(?:/\* (.*?) \*/\n)?(.*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL)
ORDERS = {"orders": [{"id": "o1", "lines": [{"price": 2, "count": 3}, {"price": 5, "count": 1}]}]}


@pytest.fixture
def language() -> Expressions:
    return Expressions()


def outcome(language: Expressions, text: str, source: Any = None) -> Any:
    """The value, or the error's text."""
    try:
        return language.evaluate(text, orjson.loads(orjson.dumps(source)))
    except LogicError as error:
        return f"{error.code}: {error.message} {error.details}"


@pytest.mark.parametrize(("source", "text", "expected"), EXAMPLES)
def test_the_pages_examples_hold(language: Expressions, source: str, text: str, expected: str) -> None:
    assert outcome(language, text, orjson.loads(source or "null")) == orjson.loads(expected)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```jsonata")


def shape(node: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Everything that is in a parsed expression, in order."""
    seen = set() if seen is None else seen
    if id(node) in seen or isinstance(node, Parser):
        return
    if isinstance(node, Parser.Symbol | list | dict | tuple):
        seen.add(id(node))
        members = vars(node) if isinstance(node, Parser.Symbol) else node
        items = members.items() if isinstance(members, dict) else enumerate(members)
        for name, member in items:
            yield name
            yield from shape(member, seen)
    else:
        yield node if isinstance(node, str | int | float | None) else type(node)


def test_evaluating_leaves_what_was_parsed_as_it_was(language: Expressions) -> None:
    for text, source in CASES:
        parsed = language._expression(text)
        before = list(shape(parsed.ast))
        first = outcome(language, text, source)
        assert list(shape(parsed.ast)) == before, text
        assert "$random" in text or outcome(language, text, source) == first


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("$secret := 42", "$secret", None),
        ("($sum := function(){ 42 }; $sum())", "$sum([1, 2])", 3),
        ("$secretName := $uppercase", "$uppercase(1)", "script_error: Argument 1 of function uppercase does not match"),
        ("($f := function($secretName)<n:n>{ 1 }; $f('a'))", "$f", None),
        ("$eval('$secret := 42')", "$eval('$secret')", None),
        ("[1, 2, $error('no')]", "$", None),
    ],
)
def test_nothing_goes_from_one_evaluation_to_the_next(
    language: Expressions, before: str, after: str, expected: Any
) -> None:
    outcome(language, after)
    outcome(language, before, {"secret": "data"})
    told = outcome(language, after)
    assert told == expected or str(told).startswith(str(expected))
    assert "secret" not in str(told)


def test_the_input_of_before_is_let_go(language: Expressions) -> None:
    parsed = language._expression("a")
    outcome(language, "a", {"a": 1})
    assert parsed.input is None
    assert parsed.environment.bindings == {}


@pytest.mark.parametrize("failing", ["$uppercase(1)", "1 + $error('x')", "($x := 1; $x.$nothing())"])
def test_a_failure_leaves_nothing_either(language: Expressions, failing: str) -> None:
    outcome(language, failing)
    assert language._expression(failing).input is None
    assert outcome(language, "$x") is None


def test_what_was_parsed_is_kept_within_bounds(language: Expressions) -> None:
    for number in range(3000):
        language.check(f"$sum([{number}, 1, 2, 3])")
    assert sum(map(len, language._parsed)) == language._characters <= expressions._KEPT_CHARACTERS
    assert "$sum([2999, 1, 2, 3])" in language._parsed
    language.check("'" + "x" * 20_000 + "'")
    assert "$sum([2999, 1, 2, 3])" in language._parsed
    language.forget()
    assert not language._parsed
    assert outcome(language, "1 + 1") == 2


DUNDERS = [
    "__class__",
    "__dict__",
    "__globals__",
    "__init__",
    "__mro__",
    "__subclasses__",
    "bindings",
    "function",
    "body",
]
HOLDERS = [
    "$sum",
    "function($x){ $x }",
    "/a/",
    "$substring(?, 1)",
    "$",
    "'a'",
    "1",
    "[1]",
    "null",
    "$match('a', /a/)",
    "$$",
]


@pytest.mark.parametrize("holder", HOLDERS)
def test_no_attribute_of_python_is_a_member(language: Expressions, holder: str) -> None:
    for name in DUNDERS:
        for text in (f"({holder}).`{name}`", f"$lookup({holder}, '{name}')", f"({holder})[`{name}`]", f"${name}"):
            told = outcome(language, text, {"a": 1})
            assert told is None or str(told).startswith("script_error"), text
            assert_nothing_of_python(told)


@pytest.mark.parametrize(
    "text",
    [
        "$eval('__import__(\"os\").getcwd()')",
        "$eval('$eval($eval)')",
        "$string($sum)",
        "$string([$sum, /a/, function(){1}])",
        "$sum & /a/ & function($x){ $x }",
        "$error($string(function(){1}))",
        "$uppercase($sum)",
        "$sum([$sum])",
        "1 + $sum",
        "$sum < 1",
        "$sum ~> 1",
        "$keys($sum)",
        "$spread($sum)",
        "$each($sum, $sum)",
        "$merge([$sum])",
        "$clone($sum)",
        "$formatNumber(1, '0', {'grouping-separator': $sum})",
        "$formatNumber(1, '#', {'zero-digit': '__class__'})",
        "$formatNumber(1, '{0.__class__}')",
        "$fromMillis(0, '{0.__class__}[Y]')",
        "$replace('a', /a/, $sum)",
        "$replace('a', 'a', function(){1})",
        "$replace('a', /a/, '\\\\g<0>')",
        "$match('a', $sum)",
        "$map([1], $eval)",
        "$map([1], /a/)",
        "$filter(['a', 'b'], /a/)",
        "$sort([1, 2], $sum)",
        "$reduce([1, 2], $sum)",
        "$sum^($sum)",
        "{$sum: 1}",
        "$sum{'a': $}",
        "$ ~> |$|{'a': $sum}|",
        "($f := $sum; $f.$f)",
        "λ($x)<(a[])+:n>{$x}(1)",
        "λ($x)<s-(((:n>{$x}(1)",
        "$now('[Y]', $sum)",
        "$pad('a', 1e300)",
        "$substring('a', 1e300)",
        "$formatBase(1e300, 2)",
        "$round(1, 1e300)",
        "$round(1e300, -400)",
        "$fromMillis(1e300)",
        "$toMillis('9999-99-99')",
        "$toMillis('x', $pad('', 5000, '[Y]'))",
        "$parseInteger('x', 'ﷺ')",
        "$single([], $sum)",
        "$zip($sum, 1)",
        "/a/(1)",
        "/a/('a').next(1)",
        "(|a|{}|)(1, 2)",
        "(function($x)<n:n>{$x})('a')",
        "$substring(?, 1)({})",
        "$assert($sum)",
    ],
)
def test_odd_uses_are_answered_or_refused_in_the_languages_own_words(language: Expressions, text: str) -> None:
    assert_nothing_of_python(outcome(language, text, {"a": 1}))


def assert_nothing_of_python(told: Any) -> None:
    for word in ("object at 0x", "<class", "Traceback", "jsonata.", "<function", "built-in", "NoneType", "Symbol"):
        assert word not in str(told)


TEXTS = st.recursive(
    st.sampled_from(
        [
            "a",
            "$",
            "$$",
            "1",
            "-2.5",
            "'x'",
            "true",
            "null",
            "[]",
            "{}",
            "nothing",
            "$v",
            "/x|a/i",
            "*",
            "**",
            "%",
            "$sum",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from([".", "+", "-", "*", "/", "%", "&", "=", "<", "in", "and", "~>", "?:", "??", ".."]),
            inner,
        ).map(" ".join),
        st.tuples(
            st.sampled_from(
                [
                    "map",
                    "filter",
                    "sort",
                    "reduce",
                    "match",
                    "split",
                    "string",
                    "number",
                    "lookup",
                    "merge",
                    "each",
                    "single",
                    "replace",
                    "substring",
                    "toMillis",
                    "formatNumber",
                    "zip",
                    "distinct",
                    "eval",
                ]
            ),
            st.lists(inner, max_size=3),
        ).map(lambda call: f"${call[0]}({', '.join(call[1])})"),
        inner.map(lambda text: f"({text})[{text}]"),
        inner.map(lambda text: f"[{text}, {text}]"),
        inner.map(lambda text: f"{{'k': {text}}}"),
        inner.map(lambda text: f"($v := {text}; $v)"),
        inner.map(lambda text: f"function($v){{ {text} }}"),
        inner.map(lambda text: f"({text})^($)"),
        inner.map(lambda text: f"({text}){{'k': $}}"),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from([None, 1, "x", [], [1, None, "a"], {"a": [{"a": 1}, {"a": None}]}, ORDERS]))
def test_whatever_is_written_has_a_value_or_an_error_of_the_language(text: str, source: Any) -> None:
    language = Expressions()
    told = outcome(language, text, source)
    assert_nothing_of_python(told)
    orjson.dumps(told)
    repeated = outcome(language, text, source)
    assert repeated == told
