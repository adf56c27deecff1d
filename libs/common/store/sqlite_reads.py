"""What the reader threads do with a collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain

from libs.common.sqlite import begin_snapshot
from libs.common.store.payloads import unpack
from libs.common.store.port import Cursor, Document, Sort, Where
from libs.common.store.sqlite_layout import Layout, Row
from libs.common.store.sqlite_queries import Part, conditions, hint, steps

_BY_ID = "{select} WHERE id = ?"
_STEP = "{select} WHERE {conditions} ORDER BY {order} LIMIT ?"
_COUNT = "SELECT count(*) FROM {table}{hint} WHERE {conditions}"
_CHUNKS = "SELECT row, data FROM {table} WHERE row IN (SELECT value FROM json_each(?)) ORDER BY row, chunk"


class Reads:
    """Every method may run on several threads at once, each with its own connection."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._by_id = _BY_ID.format(select=layout.select)

    def get(self, connection: sqlite3.Connection, *, id: str, payload: bool) -> Document | None:
        if payload:
            begin_snapshot(connection)
        row = connection.execute(self._by_id, (id,)).fetchone()
        return self.documents(connection, [row], payload=payload)[0] if row else None

    def find(
        self,
        connection: sqlite3.Connection,
        where: Where,
        order: Sequence[Sort],
        after: Cursor | None,
        limit: int,
        payload: bool,
    ) -> list[Document]:
        if payload or after is not None:
            begin_snapshot(connection)
        select = self._layout.select + hint(where)
        wanted = conditions(self._layout, where)
        rows: list[Row] = []
        for step in steps(self._layout, order, after):
            rows.extend(_rows(connection, select, (*wanted, *step.conditions), step.order, limit - len(rows)))
            if len(rows) >= limit:
                break
        return self.documents(connection, rows, payload=payload)

    def count(self, connection: sqlite3.Connection, where: Where) -> int:
        wanted = conditions(self._layout, where)
        statement = _COUNT.format(table=self._layout.table, hint=hint(where), conditions=_all(wanted))
        return int(connection.execute(statement, _parameters(wanted)).fetchone()[0])

    def documents(self, connection: sqlite3.Connection, rows: Sequence[Row], *, payload: bool) -> list[Document]:
        payloads = self._payloads(connection, rows) if payload else {}
        return [self._layout.document(row, payloads.get(row[3])) for row in rows]

    def _payloads(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> dict[int, bytes]:
        chunks: dict[int, list[bytes]] = {row[3]: [] for row in rows if row[4] is not None}
        numbers = f"[{','.join(map(str, chunks))}]"
        statement = _CHUNKS.format(table=self._layout.payload_table)
        for number, data in connection.execute(statement, (numbers,)):
            chunks[number].append(data)
        return {row[3]: unpack(row[4], chunks[row[3]]) for row in rows if row[3] in chunks}


def _rows(connection: sqlite3.Connection, select: str, wanted: Sequence[Part], order: str, limit: int) -> list[Row]:
    statement = _STEP.format(select=select, conditions=_all(wanted), order=order)
    return connection.execute(statement, (*_parameters(wanted), limit)).fetchall()


def _all(parts: Sequence[Part]) -> str:
    return " AND ".join(part.sql for part in parts) or "TRUE"


def _parameters(parts: Sequence[Part]) -> tuple[object, ...]:
    return tuple(chain.from_iterable(part.parameters for part in parts))
