"""Queries of the port as MongoDB's: filters, and orders as stretches that an index serves one after the other.

MongoDB sorts absent values first, the port last: where an order ascends, the present ones are one stretch and
the absent ones another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pymongo import ASCENDING, DESCENDING

from libs.common.store.mongo_layout import GONE, MongoLayout, member
from libs.common.store.port import (
    Collection,
    Contains,
    Cursor,
    FieldType,
    In,
    Range,
    Sort,
    Value,
    Where,
    check_cursor,
    id_key,
)

Filter: TypeAlias = dict[str, Any]

_LEAST: Mapping[FieldType, Any] = {"text": "", "integer": -(1 << 63), "boolean": False, "time": -(1 << 63), "texts": ""}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of an answer. `computed` keys may be absent in the middle of the order: they are sorted in memory."""

    conditions: tuple[Filter, ...]
    keys: tuple[Sort, ...]
    by_id: Sort
    computed: tuple[str, ...] = ()

    @property
    def sort(self) -> list[tuple[str, int]]:
        keys = (*self.keys, self.by_id)
        return [(member(key.field), DESCENDING if key.descending else ASCENDING) for key in keys]


def filter_of(layout: MongoLayout, where: Where, *conditions: Filter) -> Filter:
    """Tombstones hold no field, so only a query for absent values would find one."""
    found = {member(field): _condition(layout, field, wanted) for field, wanted in where.items()}
    found = {name: condition for name, condition in found.items() if condition is not _ANYTHING}
    if not any(map(_needs_presence, where.values())):
        found[GONE] = None
    return {"$and": [found, *conditions]} if conditions else found


_ANYTHING: Filter = {}


def _condition(layout: MongoLayout, field: str, wanted: Value | In | Contains | Range) -> Any:
    match wanted:
        case In(values):
            return {"$in": [layout.encode(field, value) for value in values]}
        case Contains(texts):
            return {"$all": list(texts)} if texts else _ANYTHING
        case Range(at_least, less_than):
            bounds = {"$gte": layout.encode(field, at_least), "$lt": layout.encode(field, less_than)}
            return {name: bound for name, bound in bounds.items() if bound is not None} or _ANYTHING
        case _:
            return {"$eq": layout.encode(field, wanted)}


def _needs_presence(wanted: Value | In | Contains | Range) -> bool:
    match wanted:
        case In(values):
            return None not in values
        case Contains(texts):
            return bool(texts)
        case Range(at_least, less_than):
            return at_least is not None or less_than is not None
        case _:
            return wanted is not None


def stretches(layout: MongoLayout, order: Sequence[Sort], after: Cursor | None) -> Iterator[Stretch]:
    """The whole order, or what of it comes after the cursor."""
    spec, by_id = layout.spec, id_key(order)
    keys = tuple(key for key in order if key.field != "id")
    if after is None:
        yield from _ordered(spec, (), keys, by_id)
        return
    check_cursor(spec, order, after)
    values = [layout.encode(key.field, value) for key, value in zip(keys, after[:-1], strict=True)]
    same = [{key.field: {"$eq": value}} for key, value in zip(keys, values, strict=True)]
    yield Stretch((*same, _beyond(by_id, after[-1])), (), by_id)
    for depth in reversed(range(len(keys))):
        key, rest = keys[depth], keys[depth + 1 :]
        if values[depth] is not None:
            ahead = (*same[:depth], _beyond(key, values[depth]))
            yield from _ordered(spec, ahead, (key, *rest), by_id, present=True)
            yield from _ordered(spec, (*same[:depth], _absent(key)), rest, by_id)


def _ordered(
    spec: Collection,
    conditions: tuple[Filter, ...],
    keys: tuple[Sort, ...],
    by_id: Sort,
    *,
    present: bool = False,
) -> Iterator[Stretch]:
    """`present`: the conditions leave out documents in which the first key is absent."""
    computed = tuple(key.field for key in keys[1:] if _absent_first(spec, key))
    if computed:
        first = tuple(key.field for key in keys[:1] if _absent_first(spec, key) and not present)
        yield Stretch(conditions, keys, by_id, first + computed)
    elif not keys or present or not _absent_first(spec, keys[0]):
        yield Stretch(conditions, keys, by_id)
    else:
        least = {keys[0].field: {"$gte": _LEAST[spec.fields[keys[0].field]]}}
        yield Stretch((*conditions, least), keys, by_id)
        yield Stretch((*conditions, _absent(keys[0])), keys[1:], by_id)


def _absent_first(spec: Collection, key: Sort) -> bool:
    """Whether MongoDB's own order would show absent values of this key before the others."""
    return not key.descending and key.field not in spec.required


def _beyond(key: Sort, value: Any) -> Filter:
    return {member(key.field): {"$lt" if key.descending else "$gt": value}}


def _absent(key: Sort) -> Filter:
    return {key.field: {"$eq": None}}


def pipeline_of(found: Filter, stretch: Stretch, limit: int, projection: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A stretch with computed keys: each of them comes after a member that says whether it is absent."""
    absent = {f"_absent_{field}": {"$cond": [{"$gt": [f"${field}", None]}, 0, 1]} for field in stretch.computed}
    sort: dict[str, int] = {}
    for name, direction in stretch.sort:
        if name in stretch.computed:
            sort[f"_absent_{name}"] = ASCENDING
        sort[name] = direction
    left_out = {**projection, **dict.fromkeys(absent, False)}
    return [{"$match": found}, {"$set": absent}, {"$sort": sort}, {"$limit": limit}, {"$project": left_out}]
