"""Lists in pages: `limit` and `cursor` in, the next page in a `Link` header (RFC 8288)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import orjson

from libs.common.clock import from_microseconds, to_microseconds
from libs.common.errors import Invalid, invalid
from libs.common.store.port import Cursor, Document, Sort, cursor_after

T = TypeVar("T")

MAX_LIMIT = 500
_NUMBER = re.compile(r"[0-9]{1,6}\Z")


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asked for: at most `limit` rows after the cursor."""

    limit: int = MAX_LIMIT
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """JSON as it goes out, rendered once and answered often."""

    json: bytes


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Rows as they are answered, and the cursor of the next page if there is one."""

    items: Sequence[T] | Rendered
    next: str | None = None


def parse_page(query: Mapping[str, str]) -> Page:
    """Raises Invalid for a limit outside 1..500 or a cursor that we did not make."""
    limit = query.get("limit", str(MAX_LIMIT))
    if not _NUMBER.match(limit) or not 1 <= int(limit) <= MAX_LIMIT:
        raise invalid("limit", f"give a whole number from 1 to {MAX_LIMIT}")
    cursor = query.get("cursor")
    return Page(int(limit), _decode(cursor) if cursor else None)


def page_of(documents: Sequence[Document], page: Page, order: Sequence[Sort]) -> tuple[Sequence[Document], str | None]:
    """The page's documents, of one more that were read, and the cursor that follows them."""
    if len(documents) <= page.limit:
        return documents, None
    kept = documents[: page.limit]
    return kept, _encode(cursor_after(kept[-1], order))


def page_among(
    rows: Iterable[T], page: Page, cursor_of: Callable[[T], tuple[str | None, ...]]
) -> tuple[list[T], str | None]:
    """The same of rows that are at hand, in the order that a store would give them: of their cursors, absent last.

    Raises Invalid for a cursor of another list.
    """
    placed = sorted(((_place(cursor_of(row)), row) for row in rows), key=lambda each: each[0])
    if page.after is not None:
        after = _place(page.after)
        if any(len(place) != len(after) for place, _ in placed[:1]):
            raise _not_ours()
        placed = [each for each in placed if each[0] > after]
    kept = [row for _, row in placed[: page.limit]]
    return kept, _encode(cursor_of(kept[-1])) if len(placed) > page.limit else None


def _place(cursor: Cursor) -> tuple[tuple[bool, str], ...]:
    if not all(value is None or isinstance(value, str) for value in cursor):
        raise _not_ours()
    return tuple((value is None, str(value)) for value in cursor)


def _not_ours() -> Invalid:
    return invalid("cursor", "use the cursor of a Link header as it is")


def _encode(cursor: Cursor) -> str:
    values = [{"t": to_microseconds(value)} if isinstance(value, datetime) else value for value in cursor]
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def _decode(text: str) -> Cursor:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list):
            raise TypeError("no cursor")
        return tuple(from_microseconds(value["t"]) if isinstance(value, dict) else value for value in values)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError):
        raise _not_ours() from None
