"""The MongoDB store over a connection that loses answers, falls silent or breaks, and on a server that restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pymongo
import pytest

from libs.common.errors import Unavailable
from libs.common.store.mongo_documents import MongoDocuments
from libs.common.store.port import Document, with_fields
from tests.clock import FakeClock
from tests.common.conformance.mongo_opened import Said, fail, opened
from tests.common.conformance.mongo_proxy import MongoProxy, mongo_proxy
from tests.common.conformance.query_suite import MINUTE
from tests.common.conformance.store_suite import event, ids, job
from tests.engines.native_mongo import NativeMongo

pytestmark = pytest.mark.engines
Jobs = MongoDocuments


@asynccontextmanager
async def wired(url: str, said: Said, **options: Any) -> AsyncIterator[tuple[MongoProxy, Jobs]]:
    """A store whose connections go through a proxy."""
    async with mongo_proxy(url) as proxy:
        path = url.partition("?")[0].rpartition("/")[2]
        async with opened(proxy.url.replace("/?", f"/{path}?"), said, **options) as (_, jobs):
            yield proxy, jobs


class TestAnswersThatNeverCome:
    async def test_an_insert_succeeds(self, url: str, said: Said) -> None:
        async with wired(url, said) as (proxy, jobs):
            proxy.lose_answers("insert")
            assert (await jobs.insert(job("1", name="a"), [event(b"inserted")])).revision == 1
            proxy.lose_answers("insert")
            assert ids(await jobs.insert_many([job("2"), job("1"), job("3", name="a"), job("4")])) == ["2", "4"]
            assert (proxy.lost, said.values) == (["insert", "insert"], [b"inserted"])

    async def test_an_update_succeeds(self, url: str, said: Said) -> None:
        async with wired(url, said) as (proxy, jobs):
            stored = await jobs.insert(job("1"))
            proxy.lose_answers("update")
            stored = await jobs.update(with_fields(stored, rank=1))
            proxy.lose_answers("findAndModify")
            stored = await jobs.update(with_fields(stored, rank=2), [event(b"updated")])
            found = await jobs.get("1")
            assert found is not None
            assert (found.fields["rank"], found.revision, stored.revision) == (2, 3, 3)
            assert (proxy.lost, said.values) == (["update", "findAndModify"], [b"updated"])

    async def test_what_was_claimed_is_found(self, url: str, said: Said) -> None:
        async with wired(url, said) as (proxy, jobs):
            await jobs.insert_many([job(str(n), state="new", due=FakeClock().now()) for n in range(3)])
            proxy.lose_answers("update")
            assert ids(await jobs.claim({"state": "new"}, lease=MINUTE, limit=5)) == ["0", "1", "2"]
            assert proxy.lost == ["update"]

    async def test_a_delete_succeeds(self, url: str, said: Said) -> None:
        async with wired(url, said) as (proxy, jobs):
            await jobs.insert_many([job("1"), job("2")])
            proxy.lose_answers("delete")
            assert await jobs.delete("1", revision=1)
            proxy.lose_answers("findAndModify")
            assert await jobs.delete("2", revision=1, events=[event(b"deleted")])
            assert (proxy.lost, said.values) == (["delete", "findAndModify"], [b"deleted"])

    async def test_chunks_of_a_payload_are_stored_once(self, url: str, said: Said) -> None:
        payload = bytes(range(256)) * 1500 + b"".join(n.to_bytes(4, "big") for n in range(200_000))
        async with wired(url, said) as (proxy, jobs):
            proxy.lose_answers("insert")
            await jobs.insert(job("1", payload=payload))
            found = await jobs.get("1", payload=True)
            assert found is not None
            assert found.payload == payload

    async def test_writes_that_the_server_forgot_are_known_by_their_marks(self, url: str, said: Said) -> None:
        """As a repetition is after a restart that lost the server's own record of it."""
        async with opened(url, said) as (_, jobs):
            stored = await jobs.insert(job("1"))
            writes = jobs._writes
            raw = await jobs.collection.find_one({"_id": "1"})
            assert list(await writes.insert(raw)) == []
            sent: list[Any] = []
            original = writes._updates.add
            writes._updates.add = lambda item: sent.append(item) or original(item)  # type: ignore[method-assign]
            await jobs.update(with_fields(stored, rank=1))
            await original(sent[0])
            found = await jobs.get("1")
            assert found is not None
            assert found.revision == 2


class TestTimeOuts:
    async def test_a_silent_server_is_a_sentence_within_the_time(self, url: str, said: Said) -> None:
        async with wired(url, said, timeout_s=1.0, select_s=0.5) as (proxy, jobs):
            await jobs.insert(job("1", state="new", due=FakeClock().now()))
            proxy.fall_silent()
            begun = time.monotonic()
            outcomes = await asyncio.gather(
                jobs.insert(job("2")),
                jobs.insert_many([job("3"), job("4")]),
                jobs.get("1"),
                jobs.find({"owner": "ada"}),
                jobs.count({"owner": "ada"}),
                jobs.update(Document("1", {}, revision=1)),
                jobs.delete("9"),
                jobs.claim({"state": "new"}, lease=MINUTE, limit=1),
                return_exceptions=True,
            )
            assert time.monotonic() - begun < 6
            assert {type(outcome) for outcome in outcomes} == {Unavailable}
            proxy.speak()
            async with asyncio.timeout(10):
                await _works_again(jobs)

    async def test_however_many_wait_each_is_told_soon(self, url: str, said: Said) -> None:
        """More than the client has threads, one after the other, would take many times as long."""
        async with wired(url, said, timeout_s=1.0, select_s=0.5) as (proxy, jobs):
            proxy.fall_silent()
            begun = time.monotonic()
            outcomes = await asyncio.gather(*(jobs.get(str(n)) for n in range(300)), return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {Unavailable}
            assert time.monotonic() - begun < 4
            proxy.speak()
            async with asyncio.timeout(10):
                await _works_again(jobs)

    async def test_a_line_that_breaks_is_replaced(self, url: str, said: Said) -> None:
        async with wired(url, said) as (proxy, jobs):
            for number in range(5):
                await jobs.insert(job(str(number)))
                await proxy.hang_up()
            assert await jobs.count({"owner": "ada"}) == 5

    @pytest.mark.parametrize("code", [50, 112, 11601])
    async def test_what_may_pass_is_unavailable_wherever_it_happens(self, url: str, said: Said, code: int) -> None:
        commands = ["insert", "update", "delete", "findAndModify", "find", "aggregate"]
        async with opened(url, said) as (_, jobs):
            await jobs.insert(job("1"))
            await fail(url, commands, times=100, errorCode=code)
            outcomes = await asyncio.gather(
                jobs.insert(job("2")),
                jobs.insert_many([job("3"), job("4")]),
                jobs.get("1"),
                jobs.count({"owner": "ada"}),
                jobs.update(Document("1", {}, revision=1)),
                jobs.update(Document("1", {}, revision=1), [event(b"1")]),
                jobs.delete("1"),
                return_exceptions=True,
            )
            await fail(url, commands, times=0, errorCode=code)
            assert {type(outcome) for outcome in outcomes} == {Unavailable}


class TestCallers:
    async def test_callers_that_give_up_take_nobody_with_them(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            inserts = [asyncio.create_task(jobs.insert(job(f"{n:02}"))) for n in range(40)]
            await asyncio.sleep(0)
            for insert in inserts[::2]:
                insert.cancel()
            await asyncio.gather(*inserts, return_exceptions=True)
            assert all(insert.result().revision == 1 for insert in inserts[1::2])
            assert set(ids(await jobs.find({"owner": "ada"}))) >= {f"{n:02}" for n in range(1, 40, 2)}

    async def test_a_store_that_closes_finishes_what_was_asked_for(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            inserts = [asyncio.create_task(jobs.insert(job(f"{n:04}"))) for n in range(1200)]
            await asyncio.sleep(0)
        assert {(await insert).revision for insert in inserts} == {1}
        async with opened(url, said) as (_, jobs):
            assert await jobs.count({"owner": "ada"}) == 1200

    async def test_a_store_that_is_closed_says_so(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            pass
        with pytest.raises(Unavailable, match="this process ends"):
            await jobs.get("1")

    async def test_what_can_not_be_stored_hurts_none_beside_it(self, url: str, said: Said) -> None:
        async with opened(url, said) as (_, jobs):
            await jobs.insert(job("taken", name="n"))
            good = [jobs.insert(job(str(n))) for n in range(20)]
            bad = [job("a", name="\ud800"), job("b", rank=1 << 64), job("c", name="n"), job("taken")]
            outcomes = await asyncio.gather(*good, *map(jobs.insert, bad), return_exceptions=True)
            assert [type(outcome).__name__ for outcome in outcomes[20:]] == [
                "UnicodeEncodeError",
                "OverflowError",
                "DuplicateKey",
                "DuplicateKey",
            ]
            updates = [jobs.update(with_fields(stored, rank=7)) for stored in outcomes[:20]]
            refused = [Document("taken", {"name": "\ud800"}, revision=1), Document("0", {}, revision=9)]
            outcomes = await asyncio.gather(*map(jobs.update, refused), *updates, return_exceptions=True)
            assert [type(outcome).__name__ for outcome in outcomes[:2]] == ["UnicodeEncodeError", "RevisionConflict"]
            assert await jobs.count({"owner": "ada", "rank": 7}) == 20


class TestServers:
    async def test_a_primary_that_steps_down_is_waited_for(
        self, own_mongo: Callable[..., NativeMongo], said: Said
    ) -> None:
        server = await asyncio.to_thread(own_mongo)
        async with opened(_polled(server), said) as (_, jobs):
            stored = await jobs.insert(job("1"))
            await asyncio.to_thread(_step_down, server, 1)
            outcome = (await asyncio.gather(jobs.update(with_fields(stored, rank=1)), return_exceptions=True))[0]
            assert isinstance(outcome, Document | Unavailable)
            async with asyncio.timeout(10):
                await _works_again(jobs)

    @pytest.mark.timeout(60)
    async def test_whoever_works_while_a_server_dies_is_answered_or_told_to_come_back(
        self, own_mongo: Callable[..., NativeMongo], said: Said
    ) -> None:
        """No write is called a duplicate or a conflict because it was sent twice."""
        server = await asyncio.to_thread(own_mongo)
        kept: dict[str, int] = {}
        async with opened(_polled(server), said, timeout_s=10.0, select_s=5.0) as (_, jobs):
            stop = asyncio.Event()

            async def work(caller: int) -> None:
                number = 0
                while not stop.is_set():
                    id, number = f"{caller}-{number}", number + 1
                    try:
                        await _one_life(jobs, id, kept)
                    except Unavailable:
                        kept.pop(id, None)  # nothing is known of it

            working = [asyncio.create_task(work(caller)) for caller in range(6)]
            for _ in range(2):
                await _more(kept, 40)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            await _more(kept, 40)
            stop.set()
            await asyncio.gather(*working)
            found = {each.id: each.revision for each in await jobs.find({"state": "kept"}, limit=100_000)}
        assert {id: found.get(id) for id in kept} == kept


def _polled(server: NativeMongo) -> str:
    return f"{server.url}/?serverMonitoringMode=poll&heartbeatFrequencyMS=500"


def _step_down(server: NativeMongo, seconds: int) -> None:
    with pymongo.MongoClient(server.url) as client:
        client.admin.command({"replSetStepDown": seconds, "force": True})


async def _works_again(jobs: Jobs) -> None:
    while True:
        try:
            await jobs.insert_many([job("again")])
            return
        except Unavailable:
            await asyncio.sleep(0.02)


async def _one_life(jobs: Jobs, id: str, kept: dict[str, int]) -> None:
    """Inserted, changed twice; every third is deleted."""
    stored = await jobs.insert(job(id, state="kept"))
    stored = await jobs.update(with_fields(stored, rank=1))
    stored = await jobs.update(with_fields(stored, rank=2), [event(b"", id)])
    kept[id] = stored.revision
    if id.endswith("0"):
        del kept[id]
        await jobs.delete(id, revision=stored.revision)


async def _more(kept: dict[str, int], count: int) -> None:
    """Returns once that many more are kept."""
    before = len(kept)
    while len(kept) < before + count:  # noqa: ASYNC110  (it is a number that many add to)
        await asyncio.sleep(0.02)
