"""The MongoDB store where a real server goes wrong: answers lost, primaries gone, events that can't leave."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from libs.common.bus.port import Message
from libs.common.clock import SystemClock
from libs.common.errors import EngineRefused, Unavailable
from libs.common.store.mongo import MongoStore
from libs.common.store.port import Collection, Document, Documents, Index, RevisionConflict, with_fields
from tests.clock import FakeClock
from tests.common.conformance.mongo_engine import MONGO_OPTIONS
from tests.common.conformance.mongo_opened import Said, fail, opened
from tests.common.conformance.query_suite import MINUTE
from tests.common.conformance.store_suite import JOBS, event, ids, job
from tests.engines.native_mongo import NativeMongo

pytestmark = pytest.mark.engines
_LOST_ANSWER: dict[str, Any] = {
    "writeConcernError": {"code": 91, "errmsg": "shutting down"},
    "errorLabels": ["RetryableWriteError"],
}


class TestLostAnswers:
    """The write was applied, its answer did not come, and the driver sends it again."""

    async def test_an_insert_is_no_duplicate_of_itself(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            await fail(url, ["insert"], **_LOST_ANSWER)
            assert (await jobs.insert(job("1", name="a"))).revision == 1
            await fail(url, ["insert"], **_LOST_ANSWER)
            assert ids(await jobs.insert_many([job("2"), job("1"), job("3")])) == ["2", "3"]

    async def test_an_update_is_no_conflict_with_itself(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            stored = await jobs.insert(job("1", rank=1))
            await fail(url, ["update"], **_LOST_ANSWER)
            changed = await jobs.update(with_fields(stored, rank=2))
            await fail(url, ["findAndModify"], **_LOST_ANSWER)
            changed = await jobs.update(with_fields(changed, rank=3), [event(b"changed")])
            found = await jobs.get("1")
            assert found is not None
            assert (found.fields["rank"], found.revision, changed.revision) == (3, 3, 3)
            assert said.values == [b"changed"]

    async def test_what_was_claimed_is_found(self, url: str, said: Said) -> None:
        clock = FakeClock()
        async with opened(url, said, clock) as (_, jobs):
            await jobs.insert(job("1", state="new", due=clock.now()))
            await fail(url, ["update"], writeConcernError={"code": 64, "errmsg": "timed out"})
            assert ids(await jobs.claim({"state": "new"}, lease=MINUTE, limit=5)) == ["1"]


class TestOutages:
    @pytest.mark.parametrize("code", [10107, 91, 11600, 189])
    async def test_a_primary_that_steps_down_is_waited_for(self, url: str, said: Said, code: int) -> None:
        async with opened(url, said) as (_, jobs):
            await fail(url, ["insert", "find"], errorCode=code)
            assert (await jobs.insert(job("1"))).revision == 1
            assert await jobs.get("1") is not None

    @pytest.mark.parametrize(("code", "sentence"), [(14031, "disk is full"), (13, "may not do that")])
    async def test_what_the_server_can_not_do_is_a_sentence(
        self, url: str, said: Said, code: int, sentence: str
    ) -> None:
        async with opened(url, said) as (_, jobs):
            await fail(url, ["insert"], errorCode=code)
            with pytest.raises(Unavailable, match=sentence):
                await jobs.insert(job("1"))

    async def test_a_write_that_too_few_confirmed_is_not_called_kept(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            await fail(url, ["insert"], writeConcernError={"code": 100, "errmsg": "not enough members"})
            with pytest.raises(Unavailable, match="too few members"):
                await jobs.insert(job("1"))

    async def test_a_query_that_lost_its_cursor_begins_anew(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            await jobs.insert_many([job(f"{n:03}", payload=b"%d" % n * 3) for n in range(300)])
            await fail(url, ["find"], errorCode=43)
            assert len(await jobs.find({"owner": "ada"}, payload=True)) == 300

    @pytest.mark.timeout(60)
    async def test_a_killed_server_loses_nothing_that_was_acknowledged(
        self, own_mongo: Callable[..., NativeMongo], said: Said
    ) -> None:
        server = await asyncio.to_thread(own_mongo)
        url = f"{server.url}/?serverMonitoringMode=poll&heartbeatFrequencyMS=500"
        kept: list[str] = []
        async with opened(url, said) as (_, jobs):
            stop = time.monotonic() + 4

            async def write(caller: int) -> None:
                number = 0
                while time.monotonic() < stop:
                    id, number = f"{caller}-{number}", number + 1
                    try:
                        await jobs.insert(job(id))
                        kept.append(id)
                    except Unavailable:
                        continue

            async def kill() -> None:
                await asyncio.sleep(1)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)

            await asyncio.gather(kill(), *(write(caller) for caller in range(8)))
            found = {document.id for id in kept if (document := await jobs.get(id)) is not None}
        assert len(kept) > 100
        assert found == set(kept)


class TestOutbox:
    async def test_a_deleted_document_is_gone_though_its_events_wait(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            await jobs.insert_many([job("1", name="a", rank=1), job("2", name="b")])
            said.down = True
            assert await jobs.delete("1", events=[event(b"deleted")])
            assert await jobs.delete("2", events=[event(b"too")])
            assert await jobs.get("1") is None
            assert await jobs.find({"owner": "ada"}) == []
            assert await jobs.find({"owner": None}) == []
            assert await jobs.count({"owner": None}) == 0
            assert not await jobs.delete("1")

    async def test_an_id_can_be_used_again_while_events_of_its_first_bearer_wait(self, url: str, said: Said) -> None:
        clock = FakeClock()
        async with opened(url, said, clock, relay_interval_s=3600) as (store, jobs):
            await jobs.insert(job("1"))
            said.down = True
            await jobs.delete("1", events=[event(b"deleted")])
            assert (await jobs.insert(job("1", rank=7))).revision == 1
            said.down = False
            clock.move(seconds=10)
            await store.outbox.relay([_raw(jobs)])
            found = await jobs.get("1")
            assert found is not None
            assert (found.fields["rank"], said.values) == (7, [b"deleted"])

    async def test_another_process_sends_what_a_crashed_one_has_written(self, url: str, said: Said) -> None:
        clock = FakeClock()

        async def never(_: Sequence[Message]) -> None:
            await asyncio.Event().wait()

        crashed = MongoStore(url, clock, never, replace(MONGO_OPTIONS, awaited_s=0.01, relay_interval_s=3600))
        jobs = crashed.collection(JOBS)
        await crashed.start()
        await jobs.insert(job("1"), [event(b"inserted")])
        await crashed.close()
        async with opened(url, said, clock) as (_, _jobs):
            await asyncio.sleep(0)
            assert said.values == []
            clock.move(seconds=2)
            await _until(lambda: said.values == [b"inserted"])

    async def test_of_what_waits_the_newest_of_each_key_is_enough(self, url: str, said: Said) -> None:
        clock = FakeClock()
        async with opened(url, said, clock) as (_, jobs):
            stored = await jobs.insert(job("1"), [event(b"0", "a")])
            said.down = True
            for value in (b"1", b"2", b"3"):
                stored = await jobs.update(stored, [event(value, "a")])
            await jobs.update(stored, [event(b"4", "b"), event(b"5", "b")])
            said.down = False
            clock.move(seconds=2)
            await _until(lambda: len(said.values) == 4)
            assert said.values == [b"0", b"3", b"4", b"5"]


class TestProcesses:
    async def test_a_lease_that_was_taken_over_fences_off_the_process_that_had_it(self, url: str, said: Said) -> None:
        clock = FakeClock()
        async with opened(url, said, clock) as (_, mine), opened(url, said, clock) as (_, theirs):
            await mine.insert(job("1", state="new", due=clock.now()))
            (first,) = await mine.claim({"state": "new"}, lease=MINUTE, limit=1)
            clock.move(seconds=61)
            (second,) = await theirs.claim({"state": "new"}, lease=MINUTE, limit=1)
            with pytest.raises(RevisionConflict):
                await mine.update(with_fields(first, state="done"))
            await theirs.update(with_fields(second, state="done"))

    async def test_each_document_goes_to_one_process(self, url: str, said: Said) -> None:
        clock = FakeClock()
        async with opened(url, said, clock) as (_, mine), opened(url, said, clock) as (_, theirs):
            await mine.insert_many([job(f"{n:03}", state="new", due=clock.now()) for n in range(100)])
            claimed: list[str] = []

            async def claim_all(jobs: Documents) -> None:
                while found := await jobs.claim({"state": "new"}, lease=MINUTE, limit=9):
                    claimed.extend(ids(found))

            await asyncio.gather(*(claim_all(jobs) for jobs in (mine, theirs, mine, theirs)))
            assert sorted(claimed) == [f"{n:03}" for n in range(100)]

    async def test_chunks_of_large_payloads_go_once_nothing_refers_to_them(self, url: str, said: Said) -> None:
        clock = FakeClock()
        payload = random.Random(1).randbytes(600_000)
        async with opened(url, said, clock) as (store, jobs):
            stored = await jobs.insert(job("1", payload=payload[::-1]))
            await jobs.update(replace(stored, payload=payload + b"x"))
            await jobs.insert(job("2", payload=payload))
            await jobs.delete("2")
            clock.move(hours=2)
            await store.sweep_payloads()
            found = await jobs.get("1", payload=True)
            assert found is not None
            assert found.payload == payload + b"x"
            assert {chunk["o"] async for chunk in _raw(jobs).database["jobs.payloads"].find()} == {"1"}


class TestStart:
    async def test_two_processes_may_start_at_once(self, url: str, said: Said) -> None:
        stores = [MongoStore(url, FakeClock(), said, MONGO_OPTIONS) for _ in range(2)]
        jobs = [store.collection(JOBS) for store in stores]
        await asyncio.gather(*(store.start() for store in stores))
        stored = await _raw(jobs[0]).index_information()
        assert {"_id_", "unique:owner,name", "owner,name", "state,due", "outbox"} <= stored.keys()
        await asyncio.gather(*(store.close() for store in stores))

    async def test_an_index_that_differs_is_told_with_the_remedy(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            await _raw(jobs).drop_index("owner,rank")
            await _raw(jobs).create_index([("rank", 1)], name="owner,rank")
        with pytest.raises(EngineRefused, match=r"differs .*dropIndex\('owner,rank'\)"):
            await _start(url, said)

    async def test_duplicates_under_an_index_that_is_new_are_a_sentence(self, url: str, said: Said) -> None:
        plain = Collection("suite.jobs", {"owner": "text"}, (Index(("owner",)),))
        store = MongoStore(url, FakeClock(), said, MONGO_OPTIONS)
        jobs = store.collection(plain)
        await store.start()
        await jobs.insert_many([Document("1", {"owner": "ada"}), Document("2", {"owner": "ada"})])
        await store.close()
        strict = MongoStore(url, FakeClock(), said, MONGO_OPTIONS)
        strict.collection(replace(plain, indexes=(Index(("owner",), unique=True),)))
        with pytest.raises(EngineRefused, match="share the same owner"):
            await strict.start()

    async def test_a_server_without_a_replica_set_is_refused(
        self, own_mongo: Callable[..., NativeMongo], said: Said
    ) -> None:
        server = await asyncio.to_thread(own_mongo, "--standalone")
        with pytest.raises(EngineRefused, match="no replica set"):
            await _start(server.url, said)

    async def test_a_wrong_password_is_refused_and_never_told(
        self, own_mongo: Callable[..., NativeMongo], said: Said
    ) -> None:
        server = await asyncio.to_thread(own_mongo, "--auth")
        with pytest.raises(EngineRefused, match="refuses the user or password") as refused:
            await _start(server.url.replace("//", "//me:hush@"), said)
        assert "hush" not in str(refused.value)

    async def test_a_server_that_is_away_or_without_tls_is_waited_for_in_words(self, url: str, said: Said) -> None:
        with pytest.raises(Unavailable, match="can't be reached"):
            await _start("mongodb://127.0.0.1:1", said)
        with pytest.raises(Unavailable, match="TLS handshake fails"):
            await _start(f"{url.partition('?')[0]}?tls=true", said)

    async def test_a_clock_that_is_wrong_claims_nothing_early(self, url: str, said: Said) -> None:
        class Ahead(SystemClock):
            def now(self) -> Any:
                return super().now() + timedelta(minutes=5)

        store = MongoStore(url, Ahead(), said, replace(MONGO_OPTIONS, server_clock=True))
        jobs = store.collection(JOBS)
        await store.start()
        await jobs.insert(job("1", state="new", due=SystemClock().now() + MINUTE))
        assert await jobs.claim({"state": "new"}, lease=MINUTE, limit=1) == []
        await store.close()


async def _start(url: str, said: Said) -> None:
    store = MongoStore(url, FakeClock(), said, replace(MONGO_OPTIONS, select_s=1.0))
    store.collection(JOBS)
    await store.start()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (a driver's own work tells nobody)
            await asyncio.sleep(0.01)


def _raw(jobs: Any) -> Any:
    """Motor's collection."""
    return jobs.collection
