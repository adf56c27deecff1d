"""The embedded store against the suites, and what only it has to show."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from libs.common.errors import EngineRefused
from libs.common.sqlite import Database
from libs.common.sqlite_file import MEMORY
from libs.common.store.port import Collection, Document, Documents, Index, with_fields
from libs.common.store.sqlite import SqliteStore
from tests.common.conformance.embedded import EmbeddedEngine
from tests.common.conformance.engine import started
from tests.common.conformance.query_suite import ClaimSuite, FindingSuite, OrderSuite
from tests.common.conformance.store_suite import (
    JOBS,
    ContentSuite,
    EventSuite,
    UpdatingSuite,
    WritingSuite,
    job,
    jobs,
)

__all__ = ["jobs"]


@pytest.fixture(params=["file", "memory"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(str(tmp_path / "data" / "engine.db") if request.param == "file" else MEMORY)
    yield engine
    await engine.close()
    await engine.release()


class TestWriting(WritingSuite):
    pass


class TestUpdating(UpdatingSuite):
    pass


class TestContent(ContentSuite):
    pass


class TestEvents(EventSuite):
    pass


class TestFinding(FindingSuite):
    pass


class TestOrder(OrderSuite):
    pass


class TestClaims(ClaimSuite):
    pass


async def rows(engine: EmbeddedEngine, table: str) -> int:
    statement = f'SELECT count(*) FROM "{table}"'
    return await engine.database.read(lambda connection: int(connection.execute(statement).fetchone()[0]))


async def test_a_deleted_document_leaves_no_rows(engine: EmbeddedEngine, jobs: Documents) -> None:
    await jobs.insert(job("1", tags=("a", "b"), payload=b"p" * 600_000))
    assert await rows(engine, "suite.jobs:texts") == 2
    await jobs.delete("1")
    assert [await rows(engine, f"suite.jobs{part}") for part in ("", ":texts", ":payload")] == [0, 0, 0]


async def test_expired_documents_are_swept(engine: EmbeddedEngine) -> None:
    spec = Collection("suite.notes", {"owner": "text", "gone_at": "time"}, (Index(("owner",)),), expires="gone_at")
    notes = await started(engine, spec)
    now = engine.clock.now()
    fresh = [Document("fresh", {"owner": "a", "gone_at": now}), Document("forever", {"owner": "a"})]
    old = [Document(str(n), {"owner": "a", "gone_at": now - timedelta(seconds=1)}, payload=b"p") for n in range(1200)]
    await notes.insert_many([*fresh, *old])
    await engine.store.sweep()
    assert {document.id for document in await notes.find({"owner": "a"})} == {"fresh", "forever"}
    assert await rows(engine, "suite.notes:payload") == 0


async def reopened(engine: EmbeddedEngine, spec: Collection) -> Documents:
    await engine.close()
    return await started(engine, spec)


async def test_a_newly_declared_field_and_index_are_added(engine: EmbeddedEngine) -> None:
    old = Collection("suite.things", {"a": "text"}, (Index(("a",)),))
    await (await started(engine, old)).insert(Document("1", {"a": "x"}))
    new = Collection("suite.things", {"a": "text", "b": "texts"}, (Index(("a",)), Index(("b", "a"))))
    things = await reopened(engine, new)
    assert [dict(found.fields) for found in await things.find({"a": "x"})] == [{"a": "x", "b": None}]


async def test_leases_end_with_the_server_that_held_them(tmp_path: Path) -> None:
    engine = EmbeddedEngine(str(tmp_path / "engine.db"))
    jobs = await started(engine, JOBS)
    now = engine.clock.now()
    await jobs.insert(job("claimed", state="new", due=now))
    await jobs.claim({"state": "new"}, lease=timedelta(minutes=1), limit=1)
    await jobs.insert_many([job("handed over", state="new")], lease=timedelta(minutes=1))
    await jobs.insert(job("to be tried again", state="new", due=now))
    (failed,) = await jobs.claim({"state": "new"}, lease=timedelta(minutes=1), limit=1)
    await jobs.update(with_fields(failed, due=now + timedelta(seconds=30)))
    jobs = await reopened(engine, JOBS)
    found = await jobs.claim({"state": "new"}, lease=timedelta(minutes=1), limit=9)
    assert {document.id for document in found} == {"claimed", "handed over"}
    await engine.close()


async def test_a_file_from_before_leases_were_marked_is_taken_over(engine: EmbeddedEngine, jobs: Documents) -> None:
    def forget(transaction: Any) -> None:
        transaction.connection.execute('ALTER TABLE "suite.jobs" DROP COLUMN _leased')

    await engine.database.run(forget)
    jobs = await reopened(engine, JOBS)
    await jobs.insert_many([job("1", state="new")], lease=timedelta(minutes=1))
    assert await jobs.claim({"state": "new"}, lease=timedelta(minutes=1), limit=1) == []


async def test_a_command_beside_the_server_leaves_its_leases_alone(tmp_path: Path) -> None:
    engine = EmbeddedEngine(str(tmp_path / "engine.db"))
    jobs = await started(engine, JOBS)
    await jobs.insert_many([job("1", state="new")], lease=timedelta(minutes=1))
    beside = Database(engine.database.path, exclusive=False)
    await beside.start()
    store = SqliteStore(beside, engine.clock)
    store.collection(JOBS)
    await store.start()
    assert await jobs.claim({"state": "new"}, lease=timedelta(minutes=1), limit=1) == []
    await store.close()
    await beside.close()
    await engine.close()


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"indexes": (Index(("owner", "rank"), unique=True),)}, "index over owner, rank differs"),
    ({"indexes": (Index(("state",), unique=True),)}, "share the same state"),
    ({"fields": {**JOBS.fields, "rank": "text"}}, "the stored field 'rank' is INTEGER"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES)
async def test_a_declaration_that_does_not_fit_the_file_is_refused(
    engine: EmbeddedEngine, jobs: Documents, change: dict[str, Any], sentence: str
) -> None:
    await jobs.insert_many([job("1", state="x"), job("2", state="x")])
    with pytest.raises(EngineRefused, match=sentence):
        await reopened(engine, replace(JOBS, **change))


async def test_a_job_that_fails_undoes_what_it_wrote_and_nothing_else(engine: EmbeddedEngine, jobs: Documents) -> None:
    def half(transaction: Any) -> None:
        transaction.connection.execute("CREATE TABLE half (id)")
        raise sqlite3.OperationalError("a bug")

    failing = engine.database.run(half)
    inserted = jobs.insert(job("1"))
    with pytest.raises(sqlite3.OperationalError, match="a bug"):
        await failing
    await inserted
    assert await jobs.get("1") is not None
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await rows(engine, "half")


async def test_a_query_is_served_by_its_index(engine: EmbeddedEngine, jobs: Documents) -> None:
    statement = (
        'EXPLAIN QUERY PLAN SELECT * FROM "suite.jobs" WHERE "owner" = ? '
        'ORDER BY "rank" ASC NULLS LAST, "id" ASC LIMIT 10'
    )
    plan = await engine.database.read(partial(_plan, statement=statement))
    assert len(plan) == 1
    assert "suite.jobs:owner,rank" in plan[0]


def _plan(connection: sqlite3.Connection, *, statement: str) -> list[str]:
    return [str(row[3]) for row in connection.execute(statement, ("ada",))]
