"""The tables of the embedded event log: the messages, and how far each group has come."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from libs.common.bus.port import Message
from libs.common.clock import Clock, to_microseconds
from libs.common.sqlite import Transaction, begin_snapshot
from libs.common.sqlite_rows import ROWS_PER_STATEMENT, Insertion

Group: TypeAlias = tuple[str, str]  # topic and name of the group

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, "
    "topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS log_topic ON log (topic, position)",
    "CREATE TABLE IF NOT EXISTS positions (topic TEXT, grp TEXT, position INTEGER NOT NULL, seen INTEGER NOT NULL, "
    "PRIMARY KEY (topic, grp)) WITHOUT ROWID",
)
_END = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'log'"
_TRIM = """
DELETE FROM log WHERE position IN (
  SELECT position FROM (
    SELECT position, at FROM log WHERE topic = :topic AND position <= coalesce(
      (SELECT min(position) FROM positions WHERE topic = :topic AND seen >= :seen), 9223372036854775807)
    ORDER BY position LIMIT :rows)
  WHERE at < :older)
"""
_APPEND = Insertion("log (at, topic, key, value)", "(?, ?, ?, ?)")
_PAGE_BYTES = 8 * 1024 * 1024
_TRIM_ROWS = 500
FORGET_GROUP_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Page:
    """Messages as read from the table. `complete`: there was nothing more when they were read."""

    messages: list[Message]
    end: int
    complete: bool


class Log:
    """What the writer and the readers of the database do for the bus; every method runs on their threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def create(self, transaction: Transaction) -> int:
        """Makes the tables and answers the end of the log."""
        for statement in _SCHEMA:
            transaction.connection.execute(statement)
        return end(transaction.connection)

    def append(self, connection: sqlite3.Connection, messages: Sequence[Message]) -> int:
        """Answers the position of the first; the transaction holds the write lock, so the others follow it."""
        at = to_microseconds(self._clock.now())
        rows = [(at, message.topic, message.key, message.value) for message in messages]
        last = 0
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            last = _APPEND.insert_once(connection, rows[start : start + ROWS_PER_STATEMENT]).lastrowid or 0
        return last - len(messages) + 1

    def save_positions(self, transaction: Transaction, saves: list[dict[Group, int]]) -> list[None]:
        seen = to_microseconds(self._clock.now())
        rows = [(*group, position, seen) for save in saves for group, position in save.items()]
        transaction.connection.executemany(
            "INSERT INTO positions VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET position = excluded.position, seen = excluded.seen",
            rows,
        )
        return [None] * len(saves)


def end(connection: sqlite3.Connection) -> int:
    """The last position ever given, even if its message is trimmed by now."""
    return int(connection.execute(_END).fetchone()[0])


def positions(connection: sqlite3.Connection) -> dict[Group, int]:
    return {(topic, group): at for topic, group, at in connection.execute("SELECT topic, grp, position FROM positions")}


def read_topic(connection: sqlite3.Connection, topic: str, after: int, limit: int) -> Page:
    begin_snapshot(connection)
    last = end(connection)
    messages: list[Message] = []
    size_bytes = 0
    rows = connection.execute(
        "SELECT position, key, value FROM log WHERE topic = ? AND position > ? ORDER BY position LIMIT ?",
        (topic, after, limit),
    )
    for position, key, value in rows:
        messages.append(Message(topic, key, value, position))
        size_bytes += len(value)
        if size_bytes >= _PAGE_BYTES:
            break
    if len(messages) == limit or size_bytes >= _PAGE_BYTES:
        return Page(messages, messages[-1].position, complete=False)
    return Page(messages, last, complete=True)


def read_between(connection: sqlite3.Connection, after: int, before: int) -> list[Message]:
    rows = connection.execute(
        "SELECT topic, key, value, position FROM log WHERE position > ? AND position < ? ORDER BY position",
        (after, before),
    )
    return [Message(*row) for row in rows]


def trim(transaction: Transaction, older_than: datetime, *, now: datetime) -> int:
    """Deletes up to a chunk per topic of what all its groups have passed; answers how many."""
    connection = transaction.connection
    forgotten = to_microseconds(now - FORGET_GROUP_AFTER)
    deleted = 0
    for topic in _topics(connection):
        deleted += connection.execute(
            _TRIM, {"topic": topic, "older": to_microseconds(older_than), "seen": forgotten, "rows": _TRIM_ROWS}
        ).rowcount
    return deleted


def _topics(connection: sqlite3.Connection) -> Iterator[str]:
    topic = ""
    while row := connection.execute(
        "SELECT topic FROM log WHERE topic > ? ORDER BY topic LIMIT 1", (topic,)
    ).fetchone():
        topic = row[0]
        yield topic
