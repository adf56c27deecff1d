"""Making a collection's tables and indexes from its declaration, in a new file or one of an earlier version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from libs.common.errors import EngineRefused
from libs.common.store.port import Collection, FieldType, Index
from libs.common.store.sqlite_layout import COLUMN_TYPES, Layout, quoted

_TABLES = """
CREATE TABLE IF NOT EXISTS {table} (
  _row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, _revision INTEGER NOT NULL, _payload INTEGER{fields},
  _leased INTEGER, _body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS {payload} (row INTEGER, chunk INTEGER, data BLOB NOT NULL, PRIMARY KEY (row, chunk));
CREATE TABLE IF NOT EXISTS {texts} (field TEXT, value TEXT, row INTEGER, PRIMARY KEY (field, value, row)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS {texts_by_row} ON {texts} (row)
"""
_CLEANING = """
CREATE TRIGGER IF NOT EXISTS {trigger} AFTER DELETE ON {table} BEGIN
  DELETE FROM {payload} WHERE row = old._row;
  DELETE FROM {texts} WHERE row = old._row;
END
"""
_LEASED: tuple[str, FieldType] = ("_leased", "integer")
_INDEX = "CREATE {unique}INDEX {name} ON {table} ({columns})"


def create(connection: sqlite3.Connection, layout: Layout) -> None:
    """Raises EngineRefused where the file was made from a declaration that doesn't fit this one."""
    names = {
        "table": layout.table,
        "payload": layout.payload_table,
        "texts": layout.texts_table,
        "texts_by_row": quoted(f"{layout.spec.name}:texts_by_row"),
        "trigger": quoted(f"{layout.spec.name}:deleted"),
    }
    for statement in _TABLES.format(fields=_field_columns(layout.spec), **names).split(";"):
        connection.execute(statement)
    connection.execute(_CLEANING.format(**names))
    _add_columns(connection, layout)
    for index in _indexes(layout.spec):
        _create_index(connection, layout, index)


def _field_columns(spec: Collection) -> str:
    return "".join(f", {quoted(name)} {COLUMN_TYPES[kind]}" for name, kind in spec.fields.items())


def _add_columns(connection: sqlite3.Connection, layout: Layout) -> None:
    """Adds the columns of fields that were declared, and of what was introduced, after the file was made."""
    present = {name: kind for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({layout.table})")}
    for name, field_type in (*layout.spec.fields.items(), _LEASED):
        kind = COLUMN_TYPES[field_type]
        if name not in present:
            connection.execute(f"ALTER TABLE {layout.table} ADD COLUMN {quoted(name)} {kind}")
        elif present[name] != kind:
            raise EngineRefused(
                f"{layout.spec.name}: the stored field {name!r} is {present[name]}, this version declares {kind}; "
                "start the version that made the file, or migrate the field under a new name"
            )


def _indexes(spec: Collection) -> Iterator[Index]:
    yield from spec.indexes
    if spec.expires and not any(index.fields[0] == spec.expires for index in spec.indexes):
        yield Index((spec.expires,))


def _create_index(connection: sqlite3.Connection, layout: Layout, index: Index) -> None:
    columns = _index_columns(layout, index)
    if not columns:
        return
    name = f"{layout.spec.name}:{','.join(index.fields)}"
    definition = _INDEX.format(
        unique="UNIQUE " if index.unique else "",
        name=quoted(name),
        table=layout.table,
        columns=", ".join(map(quoted, columns)),
    )
    stored = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (name,)).fetchone()
    if stored is None:
        _make_index(connection, layout, index, definition)
    elif stored[0] != definition:
        raise EngineRefused(
            f"{layout.spec.name}: the index over {', '.join(index.fields)} differs from the stored one "
            f"({stored[0]}); to have it made anew, run: DROP INDEX {quoted(name)}"
        )


def _index_columns(layout: Layout, index: Index) -> list[str]:
    """Texts are found through their side table; the id at the end serves cursors."""
    columns = [name for name in index.fields if index.unique or name not in layout.texts_fields]
    return columns if index.unique or "id" in columns or not columns else [*columns, "id"]


def _make_index(connection: sqlite3.Connection, layout: Layout, index: Index, definition: str) -> None:
    try:
        connection.execute(definition)
    except sqlite3.IntegrityError as error:
        raise EngineRefused(
            f"{layout.spec.name}: documents share the same {', '.join(index.fields)}, which this version declares "
            "unique; remove the duplicates first"
        ) from error
