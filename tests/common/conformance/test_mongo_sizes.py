"""Large documents in the MongoDB store: chunks that come first and go last, and many of them at once."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from libs.common.errors import Unavailable
from libs.common.store.json_body import MAX_BODY_BYTES
from tests.clock import FakeClock
from tests.common.conformance.mongo_opened import Said, fail, opened
from tests.common.conformance.store_suite import job

pytestmark = pytest.mark.engines
_LARGE = random.Random(1).randbytes(6 << 20)  # nothing that can be compressed


def _chunks(jobs: Any) -> Any:
    """Motor's collection of them."""
    return jobs.collection.database[f"{jobs.collection.name}.payloads"]


async def test_large_bodies_and_payloads_come_back_though_many_are_written_at_once(url: str, said: Said) -> None:
    bodies = [str(n) * (MAX_BODY_BYTES - 2) for n in range(3)]
    payloads = [_LARGE[n:] for n in range(4)]
    async with opened(url, said, timeout_s=20.0) as (_, jobs):
        writes = [jobs.insert(job(f"b{n}", body=body)) for n, body in enumerate(bodies)]
        writes += [jobs.insert(job(f"p{n}", payload=payload)) for n, payload in enumerate(payloads)]
        await asyncio.gather(*writes)
        for n, body in enumerate(bodies):
            found = await jobs.get(f"b{n}")
            assert found is not None
            assert found.body == body
        read = await jobs.find({"owner": "ada"}, payload=True)
        assert [document.payload for document in read[3:]] == payloads


async def test_many_large_payloads_are_inserted_in_parts(url: str, said: Said) -> None:
    documents = [job(f"{n:03}", payload=_LARGE[n : n + 200_000]) for n in range(240)]
    async with opened(url, said, timeout_s=20.0) as (store, jobs):
        inserted = await jobs.insert_many([*documents, documents[0]])
        assert [document.id for document in inserted] == [document.id for document in documents]
        assert 2 <= store.operations["write"] <= 10
        last = await jobs.get("239", payload=True)
        assert last is not None
        assert last.payload == documents[-1].payload


async def test_a_document_refers_to_chunks_that_are_there_or_is_not_there(url: str, said: Said) -> None:
    async with opened(url, said) as (_, jobs):
        await fail(url, ["insert"], errorCode=14031)
        with pytest.raises(Unavailable, match="disk is full"):
            await jobs.insert(job("1", payload=_LARGE))
        assert await jobs.get("1") is None
        assert await jobs.collection.count_documents({}) == 0


async def test_a_payload_that_is_replaced_while_it_is_read_is_read_anew(url: str, said: Said) -> None:
    async with opened(url, said) as (_, jobs):
        stored = await jobs.insert(job("1", payload=_LARGE[:600_000]))
        read_chunks = jobs._payloads._read_chunks

        async def replaced_meanwhile(reference: str, count: int) -> list[bytes]:
            jobs._payloads._read_chunks = read_chunks  # type: ignore[method-assign]
            await jobs.update(replace(stored, payload=_LARGE[:700_000]))
            await _chunks(jobs).delete_many({"_id": {"$lt": f"{reference};"}})
            return await read_chunks(reference, count)

        jobs._payloads._read_chunks = replaced_meanwhile  # type: ignore[method-assign]
        found = await jobs.get("1", payload=True)
        assert found is not None
        assert found.payload == _LARGE[:700_000]


async def test_a_payload_whose_chunks_are_gone_is_a_sentence(url: str, said: Said) -> None:
    async with opened(url, said) as (_, jobs):
        await jobs.insert(job("1", payload=_LARGE[:600_000]))
        await _chunks(jobs).delete_many({})
        with pytest.raises(Unavailable, match="payload was replaced each time"):
            await jobs.get("1", payload=True)


async def test_the_sweep_reads_no_chunk_and_leaves_young_ones(url: str, said: Said) -> None:
    clock = FakeClock()
    async with opened(url, said, clock) as (store, jobs):
        await store.sweep_payloads()
        await jobs.insert(job("1", payload=_LARGE[:600_000]))
        await jobs.delete("1")
        await store.sweep_payloads()
        assert await _chunks(jobs).count_documents({}) == 3
        clock.move(hours=2)
        await jobs.insert(job("2", payload=_LARGE[:600_000]))
        await store.sweep_payloads()
        assert {chunk["o"] async for chunk in _chunks(jobs).find()} == {"2"}
        plan = await _chunks(jobs).find({"_id": {"$gt": ""}}, {"o": 1, "at": 1}).sort("_id").hint("sweep").explain()
        assert "'IXSCAN'" in str(plan["queryPlanner"]["winningPlan"])
