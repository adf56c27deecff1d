"""What every store driver must answer to queries and claims."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import product

import pytest

from libs.common.store.port import (
    Contains,
    Document,
    Documents,
    In,
    Range,
    RevisionConflict,
    Sort,
    UndeclaredQuery,
    Where,
    cursor_after,
    with_fields,
)
from tests.common.conformance.engine import Engine, started
from tests.common.conformance.store_suite import JOBS, NOON, ids, job

MINUTE = timedelta(minutes=1)


async def pages(jobs: Documents, where: Where, order: Sequence[Sort], limit: int) -> list[str]:
    """Every id, read page by page."""
    seen: list[str] = []
    after = None
    while found := await jobs.find(where, order=order, after=after, limit=limit):
        seen += ids(found)
        after = cursor_after(found[-1], order)
    return seen


class FindingSuite:
    async def test_equality_also_asks_for_absent_values(self, jobs: Documents) -> None:
        await jobs.insert_many([job("1", rank=1), job("2", rank=2), job("3"), job("4", owner="bob", rank=1)])
        assert ids(await jobs.find({"owner": "ada", "rank": 1})) == ["1"]
        assert ids(await jobs.find({"owner": "ada", "rank": None})) == ["3"]
        assert await jobs.count({"owner": "ada"}) == 3

    async def test_each_type_is_asked_for_by_its_values(self, jobs: Documents) -> None:
        await jobs.insert_many([job("1", open=True, at=NOON), job("2", open=False, at=NOON + MINUTE), job("3")])
        assert ids(await jobs.find({"owner": "ada", "open": True})) == ["1"]
        assert ids(await jobs.find({"owner": "ada", "open": False})) == ["2"]
        assert ids(await jobs.find({"owner": "ada", "at": NOON})) == ["1"]
        assert ids(await jobs.find({"id": "3"})) == ["3"]

    async def test_one_of_several_values(self, jobs: Documents) -> None:
        await jobs.insert_many([job("1", rank=1), job("2", rank=2), job("3", rank=3), job("4")])
        assert ids(await jobs.find({"owner": "ada", "rank": In((1, 3, 9))})) == ["1", "3"]
        assert ids(await jobs.find({"owner": "ada", "rank": In((1, None))})) == ["1", "4"]
        assert await jobs.find({"owner": "ada", "rank": In(())}) == []
        assert ids(await jobs.find({"id": In(("2", "3"))})) == ["2", "3"]

    async def test_texts_contain_all_that_is_asked_for(self, jobs: Documents) -> None:
        documents = [job("1", tags=("a", "b\0c")), job("2", tags=("b\0c",)), job("3", tags=()), job("4")]
        await jobs.insert_many([*documents, job("5", owner="bob", tags=("a", "b\0c"))])
        assert ids(await jobs.find({"owner": "ada", "tags": Contains(("b\0c",))})) == ["1", "2"]
        assert ids(await jobs.find({"owner": "ada", "tags": Contains(("b\0c", "a"))})) == ["1"]
        assert await jobs.find({"owner": "ada", "tags": Contains(("b",))}) == []
        assert await jobs.count({"owner": "ada", "tags": Contains(("b\0c",))}) == 2

    async def test_containment_follows_updates(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1", tags=("old", "both")))
        await jobs.update(with_fields(stored, tags=("both", "new")))
        assert await jobs.find({"owner": "ada", "tags": Contains(("old",))}) == []
        assert ids(await jobs.find({"owner": "ada", "tags": Contains(("new", "both"))})) == ["1"]

    async def test_ranges_include_the_lower_bound_only(self, jobs: Documents) -> None:
        await jobs.insert_many([*(job(str(n), rank=n, at=NOON + n * MINUTE) for n in range(5)), job("9")])
        assert ids(await jobs.find({"owner": "ada", "rank": Range(1, 3)})) == ["1", "2"]
        assert ids(await jobs.find({"owner": "ada", "rank": Range(at_least=3)})) == ["3", "4"]
        assert ids(await jobs.find({"owner": "ada", "at": Range(less_than=NOON + MINUTE)})) == ["0"]
        assert ids(await jobs.find({"id": Range(at_least="4")})) == ["4", "9"]

    async def test_a_query_that_no_index_serves_is_refused(self, jobs: Documents) -> None:
        for where, order in [({"name": "a"}, ()), ({}, ()), ({"colour": "red"}, ()), ({"owner": "a"}, (Sort("due"),))]:
            with pytest.raises(UndeclaredQuery):
                await jobs.find(where, order=order)
        with pytest.raises(UndeclaredQuery):
            await jobs.count({})

    async def test_the_limit_is_kept(self, jobs: Documents) -> None:
        await jobs.insert_many([job(f"{n:04}") for n in range(600)])
        assert ids(await jobs.find({"owner": "ada"}, limit=2)) == ["0000", "0001"]
        assert len(await jobs.find({"owner": "ada"})) == 500


class OrderSuite:
    async def test_absent_values_come_last_in_both_directions(self, jobs: Documents) -> None:
        await jobs.insert_many([job("1"), job("2", rank=5), job("3", rank=-5), job("4")])
        assert ids(await jobs.find({"owner": "ada"}, order=[Sort("rank")])) == ["3", "2", "1", "4"]
        assert ids(await jobs.find({"owner": "ada"}, order=[Sort("rank", True)])) == ["2", "3", "4", "1"]

    async def test_ids_break_ties_in_the_direction_of_the_last_key(self, jobs: Documents) -> None:
        await jobs.insert_many([job(id, rank=1) for id in "312"])
        assert ids(await jobs.find({"owner": "ada"})) == ["1", "2", "3"]
        assert ids(await jobs.find({"owner": "ada"}, order=[Sort("rank")])) == ["1", "2", "3"]
        assert ids(await jobs.find({"owner": "ada"}, order=[Sort("rank", True)])) == ["3", "2", "1"]
        assert ids(await jobs.find({"owner": "ada"}, order=[Sort("id", True)])) == ["3", "2", "1"]

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("limit", [1, 3, 100])
    async def test_pages_show_everything_once(self, jobs: Documents, descending: bool, limit: int) -> None:
        ranks = [None, 1, 2, None, 2, 2, 1, None, 3]
        await jobs.insert_many([job(str(n), rank=rank) for n, rank in enumerate(ranks)])
        order = [Sort("rank", descending)]
        whole = ids(await jobs.find({"owner": "ada"}, order=order))
        assert len(whole) == len(ranks)
        assert await pages(jobs, {"owner": "ada"}, order, limit) == whole

    @pytest.mark.parametrize("limit", [1, 4])
    async def test_pages_over_two_keys_show_everything_once(self, jobs: Documents, limit: int) -> None:
        times = (None, NOON, NOON + MINUTE)
        mixed = [job(str(n), rank=rank, at=at) for n, (rank, at) in enumerate(product((2, None, 1), times * 2))]
        await jobs.insert_many(mixed)
        for first, second in product((False, True), repeat=2):
            order = [Sort("rank", first), Sort("at", second)]
            whole = ids(await jobs.find({}, order=order))
            assert len(whole) == 18
            assert await pages(jobs, {}, order, limit) == whole

    async def test_pages_without_an_order_follow_the_ids(self, jobs: Documents) -> None:
        await jobs.insert_many([job(f"{n:03}") for n in reversed(range(50))])
        for order in ([], [Sort("id")], [Sort("id", True)]):
            expected = sorted((f"{n:03}" for n in range(50)), reverse=order == [Sort("id", True)])
            assert await pages(jobs, {"owner": "ada"}, order, 7) == expected

    async def test_paging_is_not_upset_by_what_is_written_meanwhile(self, jobs: Documents) -> None:
        before = [job(f"b{n:03}", rank=n) for n in range(100)]
        await jobs.insert_many(before)
        seen: list[str] = []
        after, order = None, [Sort("rank")]
        while found := await jobs.find({"owner": "ada"}, order=order, after=after, limit=9):
            seen += ids(found)
            after = cursor_after(found[-1], order)
            if len(seen) < 150:
                await asyncio.gather(*(jobs.insert(job(f"{len(seen)}-{n}", rank=n * 10)) for n in range(10)))
                await jobs.delete(seen[-1])
        assert len(seen) == len(set(seen))
        assert {document.id for document in before} <= set(seen)


class ClaimSuite:
    async def test_what_is_due_is_claimed_soonest_first(self, engine: Engine, jobs: Documents) -> None:
        now = engine.clock.now()
        due = {"1": -1, "2": -3, "3": 0, "4": 1, "5": -2}
        await jobs.insert_many(
            [*(job(id, state="new", due=now + m * MINUTE) for id, m in due.items()), job("6", state="new")]
        )
        await jobs.insert(job("7", state="done", due=now))
        claimed = await jobs.claim({"state": "new"}, lease=5 * MINUTE, limit=3)
        assert ids(claimed) == ["2", "5", "1"]
        assert [document.fields["due"] for document in claimed] == [now + 5 * MINUTE] * 3
        assert [document.revision for document in claimed] == [2] * 3
        assert ids(await jobs.claim({"state": "new"}, lease=MINUTE, limit=9)) == ["3"]
        assert await jobs.claim({"state": "new"}, lease=MINUTE, limit=9) == []

    async def test_a_claim_answers_what_is_stored(self, engine: Engine, jobs: Documents) -> None:
        await jobs.insert(job("1", state="new", due=engine.clock.now(), body=[1], payload=b"p" * 5000))
        (claimed,) = await jobs.claim({"state": "new"}, lease=MINUTE, limit=1, payload=True)
        assert claimed == await jobs.get("1", payload=True)

    async def test_each_document_goes_to_one_claimant(self, engine: Engine, jobs: Documents) -> None:
        due = engine.clock.now()
        await jobs.insert_many([job(f"{n:03}", state="new", due=due) for n in range(200)])
        claimed: list[str] = []

        async def claim_all() -> None:
            while found := await jobs.claim({"state": "new"}, lease=MINUTE, limit=7):
                claimed.extend(ids(found))

        await asyncio.gather(*(claim_all() for _ in range(8)))
        assert sorted(claimed) == [f"{n:03}" for n in range(200)]

    async def test_a_lapsed_lease_is_taken_over_and_fences_off_its_holder(
        self, engine: Engine, jobs: Documents
    ) -> None:
        await jobs.insert(job("1", state="new", due=engine.clock.now()))
        (first,) = await jobs.claim({"state": "new"}, lease=MINUTE, limit=1)
        engine.clock.move(seconds=59)
        assert await jobs.claim({"state": "new"}, lease=MINUTE, limit=1) == []
        engine.clock.move(seconds=1)
        (second,) = await jobs.claim({"state": "new"}, lease=MINUTE, limit=1)
        with pytest.raises(RevisionConflict):
            await jobs.update(with_fields(first, state="done", due=None))
        await jobs.update(with_fields(second, state="done", due=None))

    async def test_inserted_under_a_lease_means_claimed_already(self, engine: Engine, jobs: Documents) -> None:
        (mine,) = await jobs.insert_many([job("1", state="new")], lease=MINUTE)
        assert mine.fields["due"] == engine.clock.now() + MINUTE
        assert await jobs.claim({"state": "new"}, lease=MINUTE, limit=1) == []
        engine.clock.move(minutes=1)
        (taken_over,) = await jobs.claim({"state": "new"}, lease=MINUTE, limit=1)
        assert taken_over.revision == 2

    async def test_a_claimed_document_is_worked_off_by_its_fence(self, engine: Engine, jobs: Documents) -> None:
        await jobs.insert(job("1", state="new", due=engine.clock.now()))
        (claimed,) = await jobs.claim({"state": "new"}, lease=MINUTE, limit=1)
        done = await jobs.update(with_fields(claimed, state="done", due=None))
        assert done.revision == 3
        assert await jobs.delete("1", revision=3)

    async def test_claims_need_an_index(self, engine: Engine) -> None:
        jobs = await started(engine, JOBS)
        with pytest.raises(UndeclaredQuery):
            await jobs.claim({"name": "a"}, lease=MINUTE, limit=1)
        assert isinstance(await jobs.insert(job("1")), Document)
