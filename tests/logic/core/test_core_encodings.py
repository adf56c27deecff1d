"""What core writes as text is read again, by itself and by others."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.logic.core import LIBRARY
from libs.logic.core.registry import MOST_BYTES
from libs.logic.errors import LogicError
from libs.logic.values import equal

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["yes", "1_000", "0o17", "2024-03-10", "12:30", "- a", "a: b", "<<", "="]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
# XML keeps no white space around texts, and no control characters.
XML_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1).filter(
    lambda text: text.strip() == text
)
ELEMENTS = st.recursive(
    st.none() | XML_TEXTS,
    lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=3),
    max_leaves=8,
)


def call(name: str, **source: Any) -> Any:
    return LIBRARY[name].call(source)


def refusal(name: str, **source: Any) -> LogicError:
    with pytest.raises(LogicError) as caught:
        LIBRARY[name].call(source)
    return caught.value


@given(VALUES, st.booleans())
@settings(max_examples=60, deadline=None)
def test_json_is_read_as_it_was_written(value: Any, pretty: bool) -> None:
    assert equal(call("json.decode", string=call("json.encode", value=value, pretty=pretty)), value)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_yaml_is_read_as_it_was_written(value: Any) -> None:
    assert equal(call("yaml.decode", string=call("yaml.encode", value=value)), value)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_readers_of_yaml_1_1_take_it_as_it_was_meant(value: Any) -> None:
    assert equal(yaml.load(call("yaml.encode", value=value), Loader=yaml.CSafeLoader), value)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=4), st.sampled_from([",", ";", "\t", "|"]))
@settings(max_examples=60, deadline=None)
def test_csv_is_read_as_it_was_written(rows: list[list[str]], delimiter: str) -> None:
    written = call("csv.encode", rows=rows, delimiter=delimiter)
    assert call("csv.decode", string=written, delimiter=delimiter, header=False) == [
        [field.removeprefix("\ufeff") if row == column == 0 else field for column, field in enumerate(fields)]
        for row, fields in enumerate(rows)
    ]


@given(st.dictionaries(NAMES, ELEMENTS, min_size=1, max_size=1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_xml_is_read_as_it_was_written(value: Any, pretty: bool) -> None:
    assert equal(call("xml.decode", string=call("xml.encode", value=value, pretty=pretty)), value)


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.lists(st.text(max_size=5), min_size=2, max_size=3))
)
@settings(max_examples=60, deadline=None)
def test_a_query_is_read_as_it_was_written(parameters: dict[str, Any]) -> None:
    assert call("query.decode", string="&" + call("query.encode", parameters=parameters)) == parameters


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_texts_are_read_as_they_were_written(text: str) -> None:
    for family in ("base64", "hex", "uri"):
        assert call(f"{family}.decode", string=call(f"{family}.encode", string=text)) == text
    assert call("base64.decode", string=call("base64.encode", string=text, urlSafe=True)) == text


@given(
    st.fixed_dictionaries(
        {
            "scheme": st.sampled_from(["https", "ftp"]),
            "host": st.sampled_from(["a.example", "[::1]", "zürich.example"]),
        },
        optional={
            "user": st.text(min_size=1),
            "port": st.integers(0, 65535),
            "path": st.text().map("/{}".format),
            "query": st.text(),
            "fragment": st.text(),
        },
    )
)
@settings(max_examples=60, deadline=None)
def test_a_uri_of_any_parts_is_taken_apart_again(parts: dict[str, Any]) -> None:
    uri = call("uri.build", parts=parts)
    taken = call("uri.parse", uri=uri)
    assert {name for name, part in taken.items() if part is not None} == {*parts, "path"}
    assert call("uri.build", parts=taken) == uri


def test_a_small_yaml_text_never_becomes_a_large_value() -> None:
    levels = [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 12)]
    bomb = "\n".join(["l0: &l0 lol", *levels])
    assert refusal("yaml.decode", string=bomb).code == "budget_exceeded"
    merges = [f"m{level}: &m{level} {{<<: [{', '.join([f'*m{level - 1}'] * 9)}]}}" for level in range(1, 12)]
    merging = "\n".join(["m0: &m0 {a: 1}", *merges])
    assert refusal("yaml.decode", string=merging).code == "budget_exceeded"
    assert LIBRARY["yaml.decode"].is_large({"string": "a: &a 1\nb: *a"})


def test_no_rows_make_more_cells_than_may_be_written() -> None:
    rows = [{f"column {number}": "x"} for number in range(6_000)]
    assert LIBRARY["csv.encode"].is_large({"rows": rows})
    assert refusal("csv.encode", rows=rows).code == "budget_exceeded"
    header = "a" * (MOST_BYTES // 1_000)
    assert refusal("csv.decode", string=f"{header}\n" + "x\n" * 2_000).code == "budget_exceeded"


def test_indentation_counts_before_it_is_written() -> None:
    value: Any = [1] * 20_000
    for _ in range(200):
        value = [value]
    assert refusal("json.encode", value=value, pretty=True).code == "budget_exceeded"
    assert len(call("json.encode", value=value)) < 50_000
