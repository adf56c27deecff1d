"""The embedded bus against the suite, and what only it has to show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from libs.common.bus.lanes import Backlog
from libs.common.bus.port import Message
from libs.common.sqlite import Database
from libs.common.sqlite_file import MEMORY
from tests.common.conformance.bus_suite import (
    TOPIC,
    DeliverySuite,
    FollowerSuite,
    PoisonSuite,
    RedeliverySuite,
    message,
    opened,
)
from tests.common.conformance.embedded import OPTIONS, EmbeddedEngine
from tests.common.conformance.engine import Inbox, until
from tests.common.conformance.store_suite import JOBS, job


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "engine.db")


@pytest.fixture(params=["file", "memory"])
async def engine(request: pytest.FixtureRequest, file: str) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(file if request.param == "file" else MEMORY)
    yield engine
    await engine.close()
    await engine.release()


class TestDelivery(DeliverySuite):
    pass


class TestFollowers(FollowerSuite):
    pass


class TestRedelivery(RedeliverySuite):
    pass


class TestPoison(PoisonSuite):
    pass


async def log_rows(database: Database) -> int:
    return await database.read(lambda connection: int(connection.execute("SELECT count(*) FROM log").fetchone()[0]))


async def test_followers_run_before_the_write_is_answered(engine: EmbeddedEngine) -> None:
    heard: list[bytes] = []
    engines = await engine.open()
    jobs = engines.store.collection(JOBS)
    engines.bus.follow(TOPIC, lambda each: heard.append(each.value))
    await engines.start()
    await jobs.insert(job("1"), [message(b"inserted")])
    assert heard == [b"inserted"]
    await engines.bus.publish([message(b"published")])
    assert heard == [b"inserted", b"published"]


async def test_a_backlog_beyond_its_bound_is_read_from_the_table(file: str) -> None:
    engine = EmbeddedEngine(file, replace(OPTIONS, backlog=Backlog(messages=20), page_messages=7))
    gate, inbox = asyncio.Event(), Inbox()

    async def wait_and_take(messages: Sequence[Message]) -> None:
        await gate.wait()
        await inbox(messages)

    engines = await engine.open()
    engines.bus.subscribe(TOPIC, "group", wait_and_take, max_batch=3)
    await engines.start()
    for n in range(0, 300, 10):
        await engines.bus.publish([message(b"%d" % m, str(m % 5)) for m in range(n, n + 10)])
    gate.set()
    for n in range(300, 400):
        await engines.bus.publish([message(b"%d" % n, str(n % 5))])
    await until(lambda: len(inbox.messages) >= 400)
    for key in "01234":
        values = [int(each.value) for each in inbox.messages if each.key == key]
        assert values == list(range(int(key), 400, 5))
    await engine.close()


async def test_what_another_process_appends_is_heard_in_order(file: str) -> None:
    engine, heard, inbox = EmbeddedEngine(file), [], Inbox()
    engines = await engine.open()
    engines.bus.follow(TOPIC, lambda each: heard.append(each.value))
    engines.bus.subscribe(TOPIC, "group", inbox)
    await engines.start()
    other = EmbeddedEngine(file)
    other.database = Database(file, exclusive=False)
    command = await other.open()
    await command.start()
    await engines.bus.publish([message(b"1")])
    await command.bus.publish([message(b"2")])
    await until(lambda: len(inbox.messages) == 2)
    await command.bus.publish([message(b"3")])
    await engines.bus.publish([message(b"4")])
    await until(lambda: len(inbox.messages) >= 4 and len(heard) == 4)
    assert inbox.values == [b"1", b"2", b"3", b"4"]
    assert sorted(heard) == [b"1", b"2", b"3", b"4"]
    await other.close()
    await engine.close()


async def test_what_every_group_has_passed_is_trimmed_after_its_retention(engine: EmbeddedEngine) -> None:
    gate, inbox = asyncio.Event(), Inbox()

    async def wait_and_take(messages: Sequence[Message]) -> None:
        await gate.wait()
        await inbox(messages)

    engines = await opened(engine, inbox, "quick")
    await engines.bus.publish([message(b"1") for _ in range(1200)])
    await until(lambda: len(inbox.messages) == 1200)
    await engine.bus.trim()
    assert await log_rows(engine.database) == 1200
    await engine.close()
    engines = await engine.open()
    slow = Inbox()
    engines.bus.subscribe(TOPIC, "quick", Inbox())
    engines.bus.subscribe(TOPIC, "slow", wait_and_take)
    engines.bus.subscribe("suite.others", "quick", slow)
    await engines.start()
    await engines.bus.publish([message(b"alone", topic="suite.nobody")])
    engine.clock.move(hours=1, seconds=1)
    await engines.bus.publish([message(b"young", topic="suite.nobody")])
    await engine.bus.trim()
    assert await log_rows(engine.database) == 1201
    gate.set()
    await until(lambda: len(inbox.messages) == 2400)
    await engine.bus.trim()
    assert await log_rows(engine.database) == 1


async def test_positions_are_never_given_twice(engine: EmbeddedEngine) -> None:
    inbox = Inbox()
    engines = await opened(engine, inbox)
    await engines.bus.publish([message(b"1"), message(b"2")])
    await until(lambda: len(inbox.messages) == 2)
    engine.clock.move(hours=2)
    await engine.bus.trim()
    assert await log_rows(engine.database) == 0
    await engine.close()
    engines = await opened(engine, inbox)
    await engines.bus.publish([message(b"3")])
    await until(lambda: len(inbox.messages) == 3)
    assert [each.position for each in inbox.messages] == [1, 2, 3]


async def test_a_group_that_is_gone_for_a_week_holds_nothing_up(engine: EmbeddedEngine) -> None:
    async def refuse(_: Sequence[Message]) -> None:
        await asyncio.Event().wait()

    engines = await engine.open()
    engines.bus.subscribe(TOPIC, "gone", refuse)
    await engines.start()
    await engines.bus.publish([message(b"1")])
    await engine.close()
    await (await engine.open()).start()
    engine.clock.move(days=6)
    await engine.bus.trim()
    assert await log_rows(engine.database) == 1
    engine.clock.move(**{"days": 1, "seconds": timedelta(hours=1).total_seconds()})
    await engine.bus.trim()
    assert await log_rows(engine.database) == 0
