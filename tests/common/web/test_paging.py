"""Pages: limits and cursors as they come from outside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.errors import Invalid
from libs.common.store.port import Collection, Cursor, Document, Sort, Value, check_cursor
from libs.common.web.paging import Page, page_of, parse_page

_MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
_SPEC = Collection("test.rows", {"name": "text", "rank": "integer", "on": "boolean", "at": "time"})
_ORDER = (Sort("at", descending=True), Sort("rank"), Sort("on"), Sort("name"))


def make_rows(count: int, **fields: Value) -> list[Document]:
    row: dict[str, Value] = {"name": "n", "rank": 1, "on": True, "at": _MOMENT, **fields}
    return [Document(f"id{number}", row) for number in range(count)]


def cursor_of(values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def after_of(values: object) -> Cursor | None:
    return parse_page({"cursor": cursor_of(values)}).after


def test_without_a_limit_a_page_has_500() -> None:
    assert parse_page({}) == Page(500, None)


@pytest.mark.parametrize(("limit", "parsed"), [("1", 1), ("500", 500), ("007", 7)])
def test_a_limit_is_taken(limit: str, parsed: int) -> None:
    assert parse_page({"limit": limit}).limit == parsed


@pytest.mark.parametrize(
    "limit",
    [
        "",
        "0",
        "501",
        "-1",
        "1.0",
        "1e2",
        " 1",
        "+1",
        "\u0661",
        "\u00b2",
        "0000000019999",
        "000000001" + "9" * 5000,
        "1\n",
    ],
)
def test_any_other_limit_is_refused(limit: str) -> None:
    with pytest.raises(Invalid, match="limit: give a whole number from 1 to 500"):
        parse_page({"limit": limit})


def test_the_last_page_has_no_cursor() -> None:
    rows = make_rows(3)
    assert page_of(rows, Page(3), _ORDER) == (rows, None)


@pytest.mark.parametrize("fields", [{}, {"name": None}, {"name": "ü/?&=\0"}, {"at": None, "rank": None, "on": None}])
def test_a_cursor_stands_after_the_last_row_of_its_page(fields: dict[str, Value]) -> None:
    rows = make_rows(4, **fields)
    kept, following = page_of(rows, Page(3), _ORDER)
    assert kept == rows[:3]
    assert following is not None
    after = parse_page({"cursor": following}).after
    assert after == (*(rows[0].fields[key.field] for key in _ORDER), "id2")
    check_cursor(_SPEC, _ORDER, after or ())


@pytest.mark.parametrize("values", [None, 5, "text", {}, {"t": 1}, [{}], [{"t": "x"}], [{"t": 1 << 63}], [{"t": None}]])
def test_a_cursor_that_we_never_gave_is_refused(values: object) -> None:
    with pytest.raises(Invalid, match="cursor: use the cursor of a Link header as it is"):
        after_of(values)


@pytest.mark.parametrize("text", ["!", "é", "=", "A", "AAAAA", "\0", "eyJ"])
def test_a_cursor_that_is_no_base64_of_json_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        parse_page({"cursor": text})


@given(st.text())
def test_no_cursor_is_a_fault(text: str) -> None:
    with suppress(Invalid):
        assert isinstance(parse_page({"cursor": text}).after, tuple | None)


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["id"],
        [{"t": 1}, 1, True, "n", "id", "more"],
        ["no time", 1, True, "n", "id"],
        [{"t": 1}, "1", True, "n", "id"],
        [{"t": 1}, 1.5, True, "n", "id"],
        [{"t": 1}, (1 << 64) - 1, True, "n", "id"],
        [{"t": 1}, 1, "yes", "n", "id"],
        [{"t": 1}, 1, True, ["n"], "id"],
        [{"t": 1}, 1, True, "n", None],
    ],
)
def test_a_cursor_of_another_shape_than_its_order_is_refused(values: Sequence[object]) -> None:
    with pytest.raises(Invalid, match="cursor"):
        check_cursor(_SPEC, _ORDER, after_of(values) or ())
