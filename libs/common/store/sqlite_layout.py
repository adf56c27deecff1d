"""How a collection lies in SQLite: its tables and columns, and documents as rows of them.

Fields are columns; a `texts` field also has a row per text in a side table, for containment. Payloads are
chunks in a table of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson

from libs.common.clock import from_microseconds, to_microseconds
from libs.common.sqlite_rows import Insertion
from libs.common.store.json_body import decode_body, encode_body
from libs.common.store.port import Collection, Document, FieldType, Value, check_fields

Row = Sequence[Any]

COLUMN_TYPES: Mapping[FieldType, str] = {
    "text": "TEXT",
    "integer": "INTEGER",
    "boolean": "INTEGER",
    "time": "INTEGER",
    "texts": "TEXT",
}
_SELECT = "SELECT {columns} FROM {table}"
_UPDATE = (
    "UPDATE {table} SET _revision = _revision + 1, _body = new.column3, "
    "_payload = coalesce(new.column4, _payload){fields} "
    "FROM (VALUES {rows}) AS new WHERE {table}.id = new.column1 AND {table}._revision = new.column2"
)
_FIRST_FIELD = 5


@cache
def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Layout:
    """The names and texts of one collection, made once."""

    def __init__(self, spec: Collection) -> None:
        self.spec = spec
        self.table = quoted(spec.name)
        self.payload_table = quoted(f"{spec.name}:payload")
        self.texts_table = quoted(f"{spec.name}:texts")
        self.names = tuple(spec.fields)
        self.columns = tuple(quoted(name) for name in self.names)
        self.texts_fields = tuple(name for name, kind in spec.fields.items() if kind == "texts")
        self.select = _SELECT.format(
            columns=", ".join(("id", "_revision", "_body", "_row", "_payload", *self.columns)), table=self.table
        )
        into = ", ".join(("id", "_revision", "_body", "_payload", *self.columns, "_leased"))
        row = ", ".join(["?"] * (5 + len(self.columns)))
        self.row_placeholder = f"({row})"
        self.insertion = Insertion(f"{self.table} ({into})", self.row_placeholder, "ON CONFLICT DO NOTHING")
        self.payload_insertion = Insertion(self.payload_table, "(?, ?, ?)")
        self.texts_insertion = Insertion(self.texts_table, "(?, ?, ?)")
        self._encoders = tuple((name, _ENCODERS.get(kind)) for name, kind in spec.fields.items())
        self._decoders = tuple((name, _DECODERS.get(kind)) for name, kind in spec.fields.items())
        self._updates: dict[int, str] = {}

    def update(self, rows: int) -> str:
        """The text that updates so many documents, each if its revision is still the expected one."""
        text = self._updates.get(rows)
        if text is None:
            fields = "".join(
                f", {column} = new.column{number}"
                for number, column in enumerate((*self.columns, "_leased"), _FIRST_FIELD)
            )
            values = ", ".join([self.row_placeholder] * rows)
            text = self._updates[rows] = _UPDATE.format(table=self.table, fields=fields, rows=values)
        return text

    def row(self, document: Document, *, revision: int, encoding: int | None, leased: bool = False) -> list[Any]:
        """Raises ValueError when the document doesn't fit its collection's declaration."""
        check_fields(self.spec, document)
        fields = document.fields
        row = [document.id, revision, encode_body(document.body), encoding]
        for name, encode in self._encoders:
            value = fields.get(name)
            row.append(encode(value) if encode and value is not None else value)
        row.append(leased or None)
        return row

    def texts(self, fields: Mapping[str, Value]) -> list[tuple[str, str]]:
        """The pairs of field and text for the side table."""
        pairs: list[tuple[str, str]] = []
        for name in self.texts_fields:
            value = fields.get(name)
            if isinstance(value, tuple):
                pairs.extend((name, text) for text in dict.fromkeys(value))
        return pairs

    def document(self, row: Row, payload: bytes | None = None) -> Document:
        fields = {
            name: decode(value) if decode and value is not None else value
            for (name, decode), value in zip(self._decoders, row[_FIRST_FIELD:], strict=True)
        }
        return Document(row[0], fields, decode_body(row[2]), payload, row[1])

    def encode(self, field: str, value: Value) -> Any:
        """A value as its column holds it."""
        encode = _ENCODERS.get(self.spec.fields.get(field, "text"))
        return encode(value) if encode and value is not None else value


def _decode_texts(value: str) -> tuple[str, ...]:
    return tuple(orjson.loads(value))


def _encode_texts(value: tuple[str, ...]) -> str:
    return orjson.dumps(value).decode()


_ENCODERS: dict[FieldType, Callable[[Any], Any]] = {"time": to_microseconds, "texts": _encode_texts}
_DECODERS: dict[FieldType, Callable[[Any], Any]] = {
    "time": from_microseconds,
    "texts": _decode_texts,
    "boolean": bool,
}
