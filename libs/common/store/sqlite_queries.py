"""Queries of the port as SQL: conditions, orders, and the keyset steps after a cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from libs.common.store.port import Contains, Cursor, In, Range, Sort, Value, Where, check_cursor, id_key
from libs.common.store.sqlite_layout import Layout, quoted

_CONTAINS = "_row IN (SELECT row FROM {table} WHERE field = ? AND value = ?)"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of SQL with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of the answer: the stretches one after the other are the whole order."""

    conditions: tuple[Part, ...]
    order: str


def conditions(layout: Layout, where: Where) -> tuple[Part, ...]:
    return tuple(part for field, wanted in where.items() for part in _condition(layout, field, wanted))


def hint(where: Where) -> str:
    """Containment is looked up first; SQLite would rather walk an index of the other fields from end to end."""
    return " NOT INDEXED" if any(isinstance(wanted, Contains) and wanted.values for wanted in where.values()) else ""


def _condition(layout: Layout, field: str, wanted: Value | In | Contains | Range) -> Iterator[Part]:
    column = quoted(field)
    match wanted:
        case In(values):
            yield _is_one_of(column, values)
        case Contains(texts):
            for text in texts:
                yield Part(_CONTAINS.format(table=layout.texts_table), (field, text))
        case Range(at_least, less_than):
            if at_least is not None:
                yield Part(f"{column} >= ?", (layout.encode(field, at_least),))
            if less_than is not None:
                yield Part(f"{column} < ?", (layout.encode(field, less_than),))
        case _:
            yield _equals(column, layout.encode(field, wanted))


def _equals(column: str, value: Any) -> Part:
    return Part(f"{column} IS NULL") if value is None else Part(f"{column} = ?", (value,))


def _is_one_of(column: str, values: Sequence[str | int | bool | None]) -> Part:
    present = tuple(value for value in values if value is not None)
    listed = f"{column} IN ({', '.join('?' * len(present))})"
    return Part(listed if len(present) == len(values) else f"({listed} OR {column} IS NULL)", present)


def steps(layout: Layout, order: Sequence[Sort], after: Cursor | None) -> Iterator[Step]:
    """The whole order in one step, or what comes after the cursor in the few that an index serves directly."""
    keys = [key for key in order if key.field != "id"]
    by_id = id_key(order)
    if after is None:
        yield Step((), _order(keys, by_id))
        return
    check_cursor(layout.spec, order, after)
    values = [layout.encode(key.field, value) for key, value in zip(keys, after[:-1], strict=True)]
    same = [_equals(quoted(key.field), value) for key, value in zip(keys, values, strict=True)]
    yield Step((*same, _beyond(by_id, after[-1])), _order([], by_id))
    for depth in reversed(range(len(keys))):
        key, rest = keys[depth], keys[depth + 1 :]
        if values[depth] is not None:
            ahead = (*same[:depth], _beyond(key, values[depth]))
            yield Step(ahead, f"{_plain(key)}, {_order(rest, by_id)}")
            yield Step((*same[:depth], _equals(quoted(key.field), None)), _order(rest, by_id))


def _beyond(key: Sort, value: Any) -> Part:
    return Part(f"{quoted(key.field)} {'<' if key.descending else '>'} ?", (value,))


def _order(keys: Sequence[Sort], by_id: Sort) -> str:
    return ", ".join([*map(_absent_last, keys), _plain(by_id)])


def _plain(key: Sort) -> str:
    return f"{quoted(key.field)} {'DESC' if key.descending else 'ASC'}"


def _absent_last(key: Sort) -> str:
    """NULL is the least value in SQLite, so it is last already when the order descends."""
    return _plain(key) if key.descending else f"{_plain(key)} NULLS LAST"
