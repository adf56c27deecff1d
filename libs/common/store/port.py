"""The store port: what a service may ask of a database, whatever engine is behind it.

One document is the decision: no operation changes two documents atomically. Events given with a write
leave with it: they are published if, and only if, the write is durable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from libs.common.bus.port import Message
from libs.common.errors import invalid

FieldType: TypeAlias = Literal["text", "integer", "boolean", "time", "texts"]
Value: TypeAlias = str | int | bool | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Index:
    """An index over declared fields, in order; a unique one skips documents in which any field is absent."""

    fields: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """What a collection declares. `name` is `<service>.<noun>`; the service is its database's name.

    `due` names the time field by which documents are claimed; `expires` the time field after which a
    document may vanish without an event. Everything that queries need is a declared field, the rest of a
    document is opaque. `id` may be used in orders and indexes like a field. No document lacks a `required`
    field: only so can every engine read an order over several keys from an index.
    """

    name: str
    fields: Mapping[str, FieldType]
    indexes: tuple[Index, ...] = ()
    due: str | None = None
    expires: str | None = None
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Document:
    """`fields` can be queried, `body` is any JSON, `payload` is large, compressed and read only on demand.

    `revision` is 0 before the first write and grows by one with every write. A claim is a write too, so the
    revision is also the fence of a lease: a holder whose lease lapsed and was taken over can't write.
    """

    id: str
    fields: Mapping[str, Value]
    body: Any = None
    payload: bytes | None = field(default=None, repr=False)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class In:
    """The field equals one of these."""

    values: tuple[str | int | bool | None, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """The `texts` field contains every one of these."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds on a field; None is open."""

    at_least: str | int | datetime | None = None
    less_than: str | int | datetime | None = None


Where: TypeAlias = Mapping[str, "Value | In | Contains | Range"]


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of an order. Absent values come last, ascending or descending; `id` always breaks ties."""

    field: str
    descending: bool = False


Cursor: TypeAlias = tuple[Value, ...]


def cursor_after(document: Document, order: Sequence[Sort]) -> Cursor:
    """The position just after `document` in `order`: its sort values, then its id."""
    return (*(document.fields.get(key.field) for key in order if key.field != "id"), document.id)


class DuplicateKey(Exception):
    """A unique index (or the id itself, `fields == ("id",)`) already holds these values."""

    def __init__(self, collection: str, fields: tuple[str, ...]) -> None:
        super().__init__(f"{collection}: duplicate {', '.join(fields)}")
        self.fields = fields


class RevisionConflict(Exception):
    """The document was changed, claimed or deleted since it was read."""


class UndeclaredQuery(Exception):
    """No declared index serves this query; a programming error, raised by every driver alike."""


class Documents(Protocol):
    """One collection. Every method may raise `libs.common.errors.Unavailable`; then nothing is known to be kept."""

    async def insert(self, document: Document, events: Sequence[Message] = ()) -> Document:
        """Raises DuplicateKey. Answers the document with revision 1; durable when it returns."""

    async def insert_many(self, documents: Sequence[Document], *, lease: timedelta | None = None) -> list[Document]:
        """Inserts those whose id and unique keys are free and answers them, in order; the others are skipped.

        With `lease` they are inserted as already claimed: due only when the lease has lapsed.
        """

    async def get(self, id: str, *, payload: bool = False) -> Document | None: ...

    async def find(
        self,
        where: Where,
        *,
        order: Sequence[Sort] = (),
        after: Cursor | None = None,
        limit: int = 500,
        payload: bool = False,
    ) -> list[Document]:
        """Raises UndeclaredQuery. `after` comes from `cursor_after` with the same order."""

    async def update(self, document: Document, events: Sequence[Message] = ()) -> Document:
        """Replaces fields and body if the stored revision is still `document.revision`.

        A payload of None leaves the stored one. Raises RevisionConflict, DuplicateKey.
        """

    async def claim(self, where: Where, *, lease: timedelta, limit: int, payload: bool = False) -> list[Document]:
        """Takes documents whose `due` has come, by the store's clock, soonest first; each goes to one claimant.

        Their `due` becomes now + lease. A document whose due field is absent is never taken.
        """

    async def delete(self, id: str, *, revision: int | None = None, events: Sequence[Message] = ()) -> bool:
        """False when it is not there. Raises RevisionConflict when `revision` is given and differs."""

    async def count(self, where: Where) -> int: ...


class Store(Protocol):
    """A database engine. Collections are declared before `start`, which makes them and their indexes."""

    def collection(self, spec: Collection) -> Documents: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None:
        """Raises Unavailable when a write could not succeed now."""


def with_fields(document: Document, **changes: Value) -> Document:
    """The same document with some fields changed."""
    return replace(document, fields={**document.fields, **changes})


def check_fields(spec: Collection, document: Document) -> None:
    """Raises ValueError for a field that isn't declared, or a required one that is absent."""
    fields = document.fields
    if not fields.keys() <= spec.fields.keys():
        raise ValueError(f"{spec.name} declares no field {', '.join(sorted(fields.keys() - spec.fields.keys()))}")
    if any(fields.get(name) is None for name in spec.required):
        raise ValueError(f"{spec.name} requires {', '.join(sorted(spec.required))}")


def id_key(order: Sequence[Sort]) -> Sort:
    """Ties are broken in the direction of the last key, so that one index read in one direction serves it."""
    explicit = next((key for key in order if key.field == "id"), None)
    return explicit or Sort("id", descending=bool(order) and order[-1].descending)


def check_served(spec: Collection, where: Where, order: Sequence[Sort]) -> None:
    """Raises UndeclaredQuery unless an index starts with the queried fields, then the order's, in order."""
    if set(where) == {"id"} and not order:
        return
    for unknown in (set(where) | {key.field for key in order}) - {*spec.fields, "id"}:
        raise UndeclaredQuery(f"{spec.name} declares no field {unknown!r}")
    wanted = [key.field for key in order if key.field != "id"]
    for index in spec.indexes:
        if _serves(index.fields, set(where), wanted):
            return
    raise UndeclaredQuery(f"{spec.name}: no index over {sorted(where)} ordered by {wanted}")


_CURSOR_TYPES: dict[FieldType, type[str | int | datetime]] = {
    "text": str,
    "integer": int,
    "boolean": int,
    "time": datetime,
    "texts": str,
}
_LARGEST_INTEGER = (1 << 63) - 1


def check_cursor(spec: Collection, order: Sequence[Sort], after: Cursor) -> None:
    """Raises Invalid unless `after` has the shape of `cursor_after` in this order: it may come from outside."""
    kinds = [spec.fields[key.field] for key in order if key.field != "id"]
    fits = len(after) == len(kinds) + 1 and isinstance(after[-1], str)
    if not fits or not all(value is None or _is_of(kind, value) for kind, value in zip(kinds, after, strict=False)):
        raise invalid("cursor", "use the cursor of a Link header as it is")


def _is_of(kind: FieldType, value: Value) -> bool:
    return isinstance(value, _CURSOR_TYPES[kind]) and not (isinstance(value, int) and abs(value) > _LARGEST_INTEGER)


def _serves(indexed: tuple[str, ...], queried: set[str], wanted: list[str]) -> bool:
    """Whether the index begins with some of the queried fields and goes on with the order."""
    matched = 0
    while matched < len(indexed) and indexed[matched] in queried:
        matched += 1
    rest = [name for name in wanted if name not in queried]
    return (matched > 0 or bool(rest)) and list(indexed[matched : matched + len(rest)]) == rest
