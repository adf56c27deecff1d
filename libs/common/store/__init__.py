"""Collections of documents behind one small port; drivers are chosen in `libs.common.engines` alone."""

from libs.common.store.port import (
    Collection,
    Contains,
    Cursor,
    Document,
    Documents,
    DuplicateKey,
    In,
    Index,
    Range,
    RevisionConflict,
    Sort,
    Store,
    UndeclaredQuery,
    Where,
    cursor_after,
)

__all__ = [
    "Collection",
    "Contains",
    "Cursor",
    "Document",
    "Documents",
    "DuplicateKey",
    "In",
    "Index",
    "Range",
    "RevisionConflict",
    "Sort",
    "Store",
    "UndeclaredQuery",
    "Where",
    "cursor_after",
]
