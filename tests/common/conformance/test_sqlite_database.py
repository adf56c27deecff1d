"""The file under both drivers: grouping, outages, recovery, locks, and what a killed process leaves."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from libs.common.bus.port import Message
from libs.common.errors import EngineRefused, Unavailable
from libs.common.sqlite import Database
from tests.common.conformance.bus_suite import TOPIC, message, opened
from tests.common.conformance.embedded import EmbeddedEngine
from tests.common.conformance.engine import Inbox, started, until
from tests.common.conformance.store_suite import JOBS, job

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(str(tmp_path / "engine.db"))
    yield engine
    await engine.close()


async def pragma(engine: EmbeddedEngine, name: str) -> object:
    """On the connection that writes, outside of any transaction."""
    execute = engine.database._writer.execute
    row = await asyncio.to_thread(lambda: execute(f"PRAGMA {name}").fetchone())
    return row and row[0]


@contextmanager
def no_growth(path: str) -> Iterator[None]:
    """No file of this process may become larger than this one: writes fail as on a broken disk."""
    size_bytes = Path(path).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_concurrent_writes_share_their_commits(engine: EmbeddedEngine) -> None:
    jobs = await started(engine, JOBS)
    transactions: set[int] = set()
    first_position = engine.bus.committed

    def count(position: int, messages: list[Message]) -> None:
        transactions.add(position)
        first_position(position, messages)

    engine.bus.committed = count  # type: ignore[method-assign, assignment]
    await asyncio.gather(*(jobs.insert(job(str(n)), [message(b"%d" % n)]) for n in range(200)))
    assert len(transactions) <= 2


async def test_a_full_disk_refuses_writes_and_recovers_by_itself(engine: EmbeddedEngine) -> None:
    jobs = await started(engine, JOBS)
    await jobs.insert(job("before", payload=bytes(100)))
    pages = await pragma(engine, "page_count")
    await pragma(engine, f"max_page_count={pages}")
    large = [jobs.insert(job(str(n), body="x" * 100_000), [message(b"no")]) for n in range(5)]
    results = await asyncio.gather(*large, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    refused = results[0]
    assert isinstance(refused, Unavailable)
    assert refused.code == "storage_unavailable"
    assert "full" in refused.message
    assert refused.retry_after_s
    assert await jobs.get("before") is not None
    await pragma(engine, "max_page_count=1000000")
    await jobs.insert(job("0", body="x" * 100_000))
    assert await jobs.count({"owner": "ada"}) == 2
    assert await pragma(engine, "integrity_check") == "ok"


async def test_a_disk_that_fails_in_a_commit_leaves_no_damage(engine: EmbeddedEngine) -> None:
    jobs = await started(engine, JOBS)
    await jobs.insert(job("before"))
    with no_growth(f"{engine.database.path}-wal"):
        inserts = [jobs.insert(job(str(n), body="x" * 10_000)) for n in range(20)]
        results = await asyncio.gather(*inserts, return_exceptions=True)
    assert {getattr(result, "code", None) for result in results} == {"storage_unavailable"}
    await asyncio.gather(*(jobs.insert(job(str(n), body="x" * 10_000)) for n in range(20)))
    assert await jobs.count({"owner": "ada"}) == 21
    assert await pragma(engine, "integrity_check") == "ok"


async def test_a_file_that_turned_read_only_refuses_writes_and_recovers_by_itself(engine: EmbeddedEngine) -> None:
    inbox = Inbox()
    engines = await opened(engine, inbox)
    await pragma(engine, "query_only=ON")
    with pytest.raises(Unavailable, match="can't be written to"):
        await engines.bus.publish([message(b"no")])
    with pytest.raises(Unavailable):
        await engines.store.ping()
    await pragma(engine, "query_only=OFF")
    await engines.store.ping()
    await engines.bus.publish([message(b"yes")])
    await until(lambda: inbox.messages)
    assert inbox.values == [b"yes"]


async def test_a_lock_held_by_another_process_refuses_writes_until_it_is_released(engine: EmbeddedEngine) -> None:
    engines = await opened(engine, Inbox())
    other = sqlite3.connect(engine.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="another process"):
        await engines.bus.publish([message(b"no")])
    other.execute("ROLLBACK")
    other.close()
    await engines.bus.publish([message(b"yes")])


async def test_reads_go_on_while_a_write_waits(engine: EmbeddedEngine) -> None:
    jobs = await started(engine, JOBS)
    await jobs.insert(job("1"))
    other = sqlite3.connect(engine.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(jobs.insert(job("2")))
    assert await jobs.get("1") is not None
    other.execute("ROLLBACK")
    other.close()
    await waiting


async def test_a_second_server_on_one_file_is_refused(engine: EmbeddedEngine) -> None:
    await engine.open()
    with pytest.raises(EngineRefused, match="another server already uses"):
        await Database(engine.database.path).start()
    command = Database(engine.database.path, exclusive=False)
    await command.start()
    await command.close()
    await engine.release()
    await engine.open()


def _modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.glob("engine.db*")}


async def test_other_users_of_the_machine_can_not_read_the_file(tmp_path: Path, engine: EmbeddedEngine) -> None:
    await started(engine, JOBS)
    assert _modes(tmp_path) == {0o600}


async def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineRefused, match=r"can't be used for data \(.*\); name a folder"):
        await Database(str(tmp_path / "file" / "data" / "engine.db")).start()


async def test_a_file_that_is_no_database_is_a_sentence_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    path.write_bytes(b"my holiday photos" * 100)
    with pytest.raises(EngineRefused, match="is not a SQLite database"):
        await Database(str(path)).start()
    assert path.read_bytes() == b"my holiday photos" * 100


async def test_a_closed_database_takes_no_more_writes(engine: EmbeddedEngine) -> None:
    jobs = await started(engine, JOBS)
    last = asyncio.gather(*(jobs.insert(job(str(n))) for n in range(50)))
    await asyncio.sleep(0)
    await engine.close()
    assert len(await last) == 50
    with pytest.raises(Unavailable, match="stopping"):
        await jobs.insert(job("late"))


WRITING = """
import asyncio, sys
from tests.common.conformance.embedded import EmbeddedEngine
from tests.common.conformance.engine import started
from tests.common.conformance.store_suite import JOBS, job
from tests.common.conformance.bus_suite import message

async def write(jobs, lane):
    for n in range(1_000_000):
        id = f"{lane}-{n}"
        await jobs.insert(job(id, tags=("t",), payload=id.encode()), [message(id.encode(), str(lane))])
        print(id, flush=True)

async def main():
    jobs = await started(EmbeddedEngine(sys.argv[1]), JOBS)
    await asyncio.gather(*(write(jobs, lane) for lane in range(8)))

asyncio.run(main())
"""


async def test_a_killed_process_loses_nothing_that_was_acknowledged(engine: EmbeddedEngine) -> None:
    acknowledged = await asyncio.to_thread(_written_until_killed, engine.database.path)
    inbox = Inbox()
    engines = await engine.open()
    jobs = engines.store.collection(JOBS)
    engines.bus.subscribe(TOPIC, "group", inbox)
    await engines.start()
    for id in acknowledged:
        found = await jobs.get(id, payload=True)
        assert found is not None
        assert found.payload == id.encode()
    await until(lambda: {id.encode() for id in acknowledged} <= set(inbox.values))


def _written_until_killed(path: str) -> list[str]:
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, path], stdout=subprocess.PIPE, cwd=ROOT, text=True, bufsize=1
    ) as process:
        assert process.stdout
        acknowledged = [process.stdout.readline().strip() for _ in range(300)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    assert len(acknowledged) >= 300
    return acknowledged
