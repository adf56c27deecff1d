"""Inserting many rows with few statements: each statement costs a hand-over of the interpreter lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

ROWS_PER_STATEMENT = 32
_INSERT = "INSERT INTO {into} VALUES {rows}{ending}"


class Insertion:
    """`INSERT INTO <into> VALUES <row>, …`; the texts are made once per number of rows."""

    def __init__(self, into: str, row: str, ending: str = "") -> None:
        self._into = into
        self._row = row
        self._ending = f" {ending}" if ending else ""
        self._texts: dict[int, str] = {}

    def insert(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            self.insert_once(connection, rows[start : start + ROWS_PER_STATEMENT])

    def insert_once(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> sqlite3.Cursor:
        """At most ROWS_PER_STATEMENT rows."""
        return connection.execute(self._text(len(rows)), list(chain.from_iterable(rows)))

    def _text(self, count: int) -> str:
        text = self._texts.get(count)
        if text is None:
            rows = ", ".join([self._row] * count)
            text = self._texts[count] = _INSERT.format(into=self._into, rows=rows, ending=self._ending)
        return text
