"""What the writer thread does to a collection: operations that take all queued documents at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from libs.common.bus.port import Message
from libs.common.sqlite import Transaction
from libs.common.sqlite_rows import ROWS_PER_STATEMENT
from libs.common.store.port import DuplicateKey, Index, RevisionConflict
from libs.common.store.sqlite_layout import Layout, Row, quoted
from libs.common.store.sqlite_queries import Part

_FIRST_FIELD = 4
_NEW_ROWS = "SELECT id, _row FROM {table} WHERE _row > ?"
_ROW = "SELECT _row FROM {table} WHERE id = ?"
_REVISION = "SELECT _revision FROM {table} WHERE id = ?"
_HOLDER = "SELECT 1 FROM {table} WHERE {same} AND id <> ? LIMIT 1"
_DELETE = "DELETE FROM {table} WHERE id = ? AND _revision = coalesce(?, _revision)"
_DELETE_PART = "DELETE FROM {table} WHERE row = ?"
_DUE = "{select} WHERE {conditions} AND {due} <= ? ORDER BY {due}, id LIMIT ?"
_LEASE = (
    "UPDATE {table} SET {due} = ?, _leased = TRUE, _revision = _revision + 1 "
    "WHERE _row IN (SELECT value FROM json_each(?))"
)
_END_LEASES = "UPDATE {table} SET {due} = :now, _leased = NULL WHERE _leased AND {due} > :now"
_SWEEP = "DELETE FROM {table} WHERE _row IN (SELECT _row FROM {table} WHERE {expires} < ? ORDER BY {expires} LIMIT ?)"


@dataclass(frozen=True, slots=True)
class Write:
    """A document prepared for its table: the row begins with id, revision, body, encoding of the payload."""

    row: list[Any]
    texts: list[tuple[str, str]]
    chunks: tuple[bytes, ...] | None
    events: Sequence[Message] = ()

    @property
    def id(self) -> str:
        return str(self.row[0])


@dataclass(frozen=True, slots=True)
class Deletion:
    id: str
    revision: int | None
    events: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Claim:
    conditions: tuple[Part, ...]
    now: int
    until: int
    limit: int


class Writes:
    """No statement that may be refused follows one that has written: so a refusal leaves no trace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._name = layout.spec.name
        self._due = quoted(layout.spec.due or "")

    def insert(self, transaction: Transaction, writes: list[Write]) -> list[DuplicateKey | None]:
        answers: list[DuplicateKey | None] = []
        for write, row in zip(writes, self._insert(transaction.connection, writes), strict=True):
            if row is None:
                answers.append(self._duplicate(transaction.connection, write, taken_id=True))
            else:
                answers.append(None)
                transaction.messages.extend(write.events)
        return answers

    def insert_many(self, transaction: Transaction, batches: list[list[Write]]) -> list[list[bool]]:
        """For each document whether it was inserted."""
        rows = iter(self._insert(transaction.connection, list(chain.from_iterable(batches))))
        return [[next(rows) is not None for _ in batch] for batch in batches]

    def update(self, transaction: Transaction, writes: list[Write]) -> list[Exception | None]:
        answers: list[Exception | None] = []
        for run in _runs(writes):
            answers.extend(self._update_run(transaction.connection, run))
        for write, refused in zip(writes, answers, strict=True):
            if refused is None:
                self._replace_parts(transaction.connection, write)
                transaction.messages.extend(write.events)
        return answers

    def delete(self, transaction: Transaction, deletions: list[Deletion]) -> list[bool | RevisionConflict]:
        return [self._delete(transaction, deletion) for deletion in deletions]

    def claim(self, transaction: Transaction, claims: list[Claim]) -> list[list[Row]]:
        """The rows as they were before they were claimed, soonest first."""
        return [self._claim(transaction.connection, claim) for claim in claims]

    def end_leases(self, transaction: Transaction, *, now: int) -> None:
        """Makes leased rows due at once: for a start, when whoever leased them is gone."""
        if self._layout.spec.due is not None:
            statement = _END_LEASES.format(table=self._layout.table, due=self._due)
            transaction.connection.execute(statement, {"now": now})

    def sweep(self, transaction: Transaction, *, before: int, limit: int) -> int:
        statement = _SWEEP.format(table=self._layout.table, expires=quoted(self._layout.spec.expires or ""))
        return transaction.connection.execute(statement, (before, limit)).rowcount

    def _insert(self, connection: sqlite3.Connection, writes: list[Write]) -> list[int | None]:
        """The row number of each, None where its id or a unique key is taken."""
        rows = [row for run in _runs(writes) for row in self._insert_run(connection, run)]
        self._add_parts(connection, [(row, write) for row, write in zip(rows, writes, strict=True) if row is not None])
        return rows

    def _insert_run(self, connection: sqlite3.Connection, run: list[Write]) -> Sequence[int | None]:
        cursor = self._layout.insertion.insert_once(connection, [write.row for write in run])
        inserted = cursor.rowcount
        if not inserted:
            return [None] * len(run)
        before = (cursor.lastrowid or 0) - inserted  # SQLite numbers new rows upwards from the highest there is
        if inserted == len(run):
            return range(before + 1, before + inserted + 1)
        new_rows = dict(connection.execute(_NEW_ROWS.format(table=self._layout.table), (before,)).fetchall())
        return [new_rows.get(write.id) for write in run]

    def _update_run(self, connection: sqlite3.Connection, run: list[Write]) -> list[Exception | None]:
        """All in one statement; only if that doesn't fit all of them, one after the other."""
        if len(run) > 1:
            connection.execute("SAVEPOINT run")
            try:
                updated = self._update(connection, run)
            except sqlite3.IntegrityError:
                updated = 0
            if updated < len(run):
                connection.execute("ROLLBACK TO run")
            connection.execute("RELEASE run")
            if updated == len(run):
                return [None] * len(run)
        return [self._update_one(connection, write) for write in run]

    def _update_one(self, connection: sqlite3.Connection, write: Write) -> Exception | None:
        try:
            updated = self._update(connection, [write])
        except sqlite3.IntegrityError:
            return self._duplicate(connection, write, taken_id=False)
        return None if updated else self._conflict(write.id)

    def _update(self, connection: sqlite3.Connection, run: list[Write]) -> int:
        values = list(chain.from_iterable(write.row for write in run))
        return connection.execute(self._layout.update(len(run)), values).rowcount

    def _conflict(self, id: str) -> RevisionConflict:
        return RevisionConflict(f"{self._name}: {id} was changed, claimed or deleted since it was read")

    def _duplicate(self, connection: sqlite3.Connection, write: Write, *, taken_id: bool) -> DuplicateKey:
        """Finds out which unique index has the values already."""
        if taken_id and connection.execute(_ROW.format(table=self._layout.table), (write.id,)).fetchone():
            return DuplicateKey(self._name, ("id",))
        unique = [index for index in self._layout.spec.indexes if index.unique]
        held = next((index.fields for index in unique if self._holder(connection, write, index)), ())
        return DuplicateKey(self._name, held)

    def _holder(self, connection: sqlite3.Connection, write: Write, index: Index) -> bool:
        same = " AND ".join(f"{quoted(name)} = ?" for name in index.fields)
        values = [write.row[_FIRST_FIELD + self._layout.names.index(name)] for name in index.fields]
        statement = _HOLDER.format(table=self._layout.table, same=same)
        return connection.execute(statement, (*values, write.id)).fetchone() is not None

    def _replace_parts(self, connection: sqlite3.Connection, write: Write) -> None:
        layout = self._layout
        if write.chunks is None and not layout.texts_fields:
            return
        (row,) = connection.execute(_ROW.format(table=layout.table), (write.id,)).fetchone()
        if layout.texts_fields:
            connection.execute(_DELETE_PART.format(table=layout.texts_table), (row,))
        if write.chunks is not None:
            connection.execute(_DELETE_PART.format(table=layout.payload_table), (row,))
        self._add_parts(connection, [(row, write)])

    def _add_parts(self, connection: sqlite3.Connection, placed: Sequence[tuple[int, Write]]) -> None:
        texts = [(field, text, row) for row, write in placed for field, text in write.texts]
        chunks = [(row, number, data) for row, write in placed for number, data in enumerate(write.chunks or ())]
        self._layout.texts_insertion.insert(connection, texts)
        self._layout.payload_insertion.insert(connection, chunks)

    def _delete(self, transaction: Transaction, deletion: Deletion) -> bool | RevisionConflict:
        table = self._layout.table
        parameters = (deletion.id, deletion.revision)
        if transaction.connection.execute(_DELETE.format(table=table), parameters).rowcount:
            transaction.messages.extend(deletion.events)
            return True
        there = transaction.connection.execute(_REVISION.format(table=table), (deletion.id,)).fetchone()
        return self._conflict(deletion.id) if there else False

    def _claim(self, connection: sqlite3.Connection, claim: Claim) -> list[Row]:
        layout = self._layout
        select = _DUE.format(
            select=layout.select,
            conditions=" AND ".join(part.sql for part in claim.conditions) or "TRUE",
            due=self._due,
        )
        values = chain.from_iterable(part.parameters for part in claim.conditions)
        rows = connection.execute(select, (*values, claim.now, claim.limit)).fetchall()
        if rows:
            numbers = f"[{','.join(str(row[3]) for row in rows)}]"
            connection.execute(_LEASE.format(table=layout.table, due=self._due), (claim.until, numbers))
        return rows


def _runs(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """As many as fit into one statement, with no id twice, so that each answer belongs to one of them."""
    run: list[Write] = []
    ids: set[str] = set()
    for write in writes:
        if len(run) == ROWS_PER_STATEMENT or write.id in ids:
            yield run
            run, ids = [], set()
        run.append(write)
        ids.add(write.id)
    if run:
        yield run
