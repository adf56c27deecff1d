"""`csv.*`: tables as texts of comma-separated values (RFC 4180)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import accumulate
from typing import Annotated, Any

import orjson

from libs.logic.core.registry import MOST_BYTES, Array, Boolean, Library, Text, Texts, Unfit, check_size

functions = Library()

# What the module csv refuses in one field otherwise is smaller than what an input may be.
csv.field_size_limit(MOST_BYTES)

# Some hundred microseconds' work.
_LARGE_BYTES = 4 << 10
_MANY_CELLS = 1_000

Delimiter = Annotated[Text, "The character between fields, such as ; or a tab."]
Quote = Annotated[Text, "The character around a field that holds a delimiter, a quote or a line break."]


def _has_many_cells(source: Any) -> bool:
    """Rows whose members all have different names make a table far larger than they are."""
    rows = source.get("rows") if type(source) is dict else None
    if type(rows) is not list:
        return False
    columns = source.get("columns")
    names = columns if type(columns) is list else {name for row in rows if type(row) is dict for name in row}
    return len(rows) * len(names) > _MANY_CELLS


@functions.action("csv.encode", "Write CSV", output={"type": "string"}, large_bytes=_LARGE_BYTES, heavy=_has_many_cells)
def encode(
    rows: Annotated[Array, "The rows: all objects, or all arrays."],
    columns: Annotated[
        Texts, "Which members of the objects are written, in this order; by default all, as they first occur."
    ]
    | None = None,
    header: Annotated[Boolean, "Whether the first line has the names of the columns."] = True,
    delimiter: Delimiter = ",",
    quote: Quote = '"',
) -> str:
    """Writes rows as CSV; each ends with a carriage return and a line feed.

    Null and what is missing become empty, true and false and numbers are written as in JSON, and so are arrays and
    objects. Of rows that are arrays the names of the columns are written if they are given.
    """
    _check_characters(delimiter, quote)
    as_objects = all(type(row) is dict for row in rows)
    if not as_objects and not all(type(row) is list for row in rows):
        raise Unfit("rows", "must be all objects or all arrays")
    names = columns
    if names is None and as_objects:
        names = list({name: None for row in rows for name in row})
    check_size(len(rows) * len(names or ()))
    lines = [names] if header and names else []
    lines += [[row.get(name) for name in names or ()] for row in rows] if as_objects else rows
    return _written(lines, delimiter, quote)


@functions.action(
    "csv.decode", "Read CSV", output={"type": "array", "items": {"type": ["object", "array"]}}, large_bytes=_LARGE_BYTES
)
def decode(
    string: Annotated[Text, "The CSV text; lines end with a line feed, a carriage return or both."],
    header: Annotated[Boolean, "Whether the first line has the names of the columns."] = True,
    delimiter: Delimiter = ",",
    quote: Quote = '"',
) -> list[Any]:
    """Reads CSV into one object per row, or without a header into one array per row. All values are texts.

    A row with fewer fields than columns lacks the other members; with more it is an error. Empty lines are left out.
    """
    _check_characters(delimiter, quote)
    lines = _lines(string, delimiter, quote)
    if not header:
        return list(lines)
    names = next(lines, [])
    if len(set(names)) < len(names):
        raise Unfit("string", "must not have two columns of the same name")
    rows: list[Any] = []
    size = 0
    names_bytes = [0, *accumulate(len(name) + 6 for name in names)]
    for number, fields in enumerate(lines, 1):
        if len(fields) > len(names):
            raise Unfit("string", f"row {number} has {len(fields)} fields, but there are {len(names)} columns")
        size += names_bytes[len(fields)]
        check_size(size)
        rows.append(dict(zip(names, fields, strict=False)))
    return rows


def _check_characters(delimiter: str, quote: str) -> None:
    for parameter, character in (("delimiter", delimiter), ("quote", quote)):
        if len(character) != 1 or character in "\r\n":
            raise Unfit(parameter, "must be one character, and no line break")
    if delimiter == quote:
        raise Unfit("quote", "must not be the delimiter")


def _lines(text: str, delimiter: str, quote: str) -> Iterator[list[str]]:
    """Each line's fields; Unfit names the line that is wrong."""
    source = StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(source, delimiter=delimiter, quotechar=quote, strict=True)
    try:
        for fields in reader:
            if fields:
                yield fields
    except csv.Error as error:
        raise Unfit("string", f"isn't CSV at line {reader.line_num}: {error}") from None


def _written(lines: list[list[Any]], delimiter: str, quote: str) -> str:
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quotechar=quote, lineterminator="\r\n")
    for line in lines:
        writer.writerow(map(_field, line))
        check_size(text.tell())
    return text.getvalue()


def _field(value: Any) -> str:
    if value is None:
        return ""
    return value if type(value) is str else orjson.dumps(value).decode()
