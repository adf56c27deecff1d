"""`Idempotency-Key`: the first answer again, one run at a time, and what happens after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from libs.common.errors import Conflict, Unavailable
from libs.common.ids import derived_id
from libs.common.store.port import Document
from tests.common.web.edge import KEY, Answer, Edge

_BODY = {"displayName": "a thing, sealed"}


async def create(
    edge: Edge, *, key: str = "once", body: Any = _BODY, path: str = "/v1/thing", **options: Any
) -> Answer:
    headers = {"Idempotency-Key": key, **options.pop("headers", {})}
    return await edge.ask("POST", path, json=body, headers=headers, **options)


async def run(edge: Edge) -> Answer:
    return await create(edge, path="/v1/run?userId=ada", body={})


@asynccontextmanager
async def one_at_work(edge: Edge, path: str = "/v1/thing") -> AsyncIterator[asyncio.Task[Answer]]:
    """A first request that has begun, and is let go at the end."""
    edge.things.gate.clear()
    first = asyncio.create_task(create(edge, path=path, body=_BODY if path == "/v1/thing" else {}))
    await edge.things.begun.acquire()
    try:
        yield first
    finally:
        edge.things.gate.set()
        await asyncio.gather(first, return_exceptions=True)


async def kept_record(edge: Edge) -> Document:
    record = await edge.kept.get(derived_id(f"id of {KEY}", "once", "POST", "/v1/thing"), payload=True)
    assert record is not None
    return record


async def test_the_same_again_answers_the_first_answer_again(edge: Edge) -> None:
    first, second = await create(edge), await create(edge)
    assert (second.status, second.body) == (first.status, first.body) == (201, first.body)
    assert edge.things.runs == 1


async def test_an_answer_that_comes_again_says_so_under_its_own_request_id(edge: Edge) -> None:
    first, second = await create(edge), await create(edge, headers={"x-request-id": "second"})
    assert "idempotent-replayed" not in first.headers
    assert (second.headers["idempotent-replayed"], second.headers["x-request-id"]) == ("true", "second")
    assert (second.headers["x-thing"], second.headers["Content-Type"]) == ("made", first.headers["Content-Type"])


async def test_without_the_header_every_request_runs(edge: Edge) -> None:
    for _ in range(2):
        await edge.ask("POST", "/v1/thing", json=_BODY)
    assert edge.things.runs == 2


async def test_the_key_with_another_body_is_refused(edge: Edge) -> None:
    await create(edge)
    answer = await create(edge, body={"displayName": "another"})
    assert (answer.status, answer.body["code"]) == (409, "idempotency_key_reused")


async def test_the_scope_is_api_key_path_and_query(edge: Edge) -> None:
    await create(edge)
    others: list[dict[str, Any]] = [{"path": "/v1/thing?userId=ada"}, {"key": "other"}]
    for changes in others:
        assert "idempotent-replayed" not in (await create(edge, **changes)).headers
    for api_key in ("another key of acme", "a key of other"):
        headers = {"Idempotency-Key": "once", "api_key": api_key}
        answer = await edge.ask("POST", "/v1/thing", key=None, json=_BODY, headers=headers)
        assert "idempotent-replayed" not in answer.headers
    assert edge.things.runs == 5


@pytest.mark.parametrize("key", ["", "a" * 256, "\t"])
async def test_a_key_of_another_form_is_refused(edge: Edge, key: str) -> None:
    answer = await create(edge, key=key)
    assert (answer.status, answer.body["details"][0]["path"]) == (400, "Idempotency-Key")


async def test_while_the_first_runs_the_second_is_told_so(edge: Edge) -> None:
    async with one_at_work(edge) as first:
        answer = await create(edge)
        assert (answer.status, answer.body["code"]) == (409, "request_in_progress")
        assert answer.headers["Retry-After"] == "1"
    assert (await first).status == 201
    assert (await create(edge)).body == (await first).body


async def test_of_many_at_once_one_runs(edge: Edge) -> None:
    answers = await asyncio.gather(*(create(edge) for _ in range(20)))
    assert edge.things.runs == 1
    assert {answer.status for answer in answers} <= {201, 409}


@pytest.mark.parametrize("error", [Unavailable("down", "It is down."), RuntimeError("a bug")])
async def test_a_fault_is_not_kept(edge: Edge, error: Exception) -> None:
    edge.things.error = error
    assert (await create(edge)).status in (500, 503)
    edge.things.error = None
    assert (await create(edge)).status == 201


async def test_after_a_fault_the_same_ids_are_drawn(edge: Edge) -> None:
    edge.things.error = Unavailable("down", "It is down.")
    await create(edge)
    edge.things.error = None
    await create(edge)
    assert len(edge.things.made) == 2
    assert len(set(edge.things.made)) == 1


async def test_a_refusal_is_kept(edge: Edge) -> None:
    edge.things.error = Conflict("taken", "It is taken.")
    first = await create(edge)
    edge.things.error = None
    second = await create(edge)
    assert (second.status, second.body) == (first.status, first.body) == (409, first.body)
    assert second.headers["Content-Type"] == "application/problem+json"


async def test_after_a_crash_the_next_caller_finishes_the_same_work(edge: Edge) -> None:
    edge.things.error = asyncio.CancelledError()  # as when the process ends: nothing is tidied up
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await create(edge)
    edge.things.error = None
    edge.clock.pass_by(seconds=89)
    assert (await create(edge)).body["code"] == "request_in_progress"
    edge.clock.pass_by(seconds=2)
    assert (await create(edge)).status == 201
    assert len(edge.things.made) == 2
    assert len(set(edge.things.made)) == 1


async def test_one_who_comes_late_after_its_lease_leaves_the_answer_to_the_other(edge: Edge) -> None:
    async with one_at_work(edge) as late:
        edge.clock.pass_by(seconds=91)
        taking_over = asyncio.create_task(create(edge))
        await edge.things.begun.acquire()
        edge.things.gate.set()
        answers = [await late, await taking_over]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body == (await create(edge)).body


async def test_one_who_fails_late_after_its_lease_leaves_the_record_to_the_other(edge: Edge) -> None:
    async with one_at_work(edge) as late:
        edge.clock.pass_by(seconds=91)
        edge.things.error = Unavailable("down", "It is down.")
        taking_over = asyncio.create_task(create(edge))
        await edge.things.begun.acquire()
        edge.things.gate.set()
        await late
        await taking_over
    edge.things.error = None
    assert (await create(edge)).status == 201


async def test_where_an_effect_may_have_left_the_outcome_is_unknown(edge: Edge) -> None:
    async with one_at_work(edge, "/v1/run?userId=ada"):
        edge.clock.pass_by(seconds=91)
        answer = await run(edge)
    assert (answer.status, answer.body["code"]) == (409, "outcome_unknown")
    assert edge.things.runs == 1


async def test_an_effect_that_was_answered_is_answered_again(edge: Edge) -> None:
    first, second = await run(edge), await run(edge)
    assert (second.status, second.body) == (200, first.body)
    assert edge.things.runs == 1


async def test_what_is_kept_is_sealed(edge: Edge) -> None:
    answer = await create(edge)
    record = await kept_record(edge)
    stored = f"{record.fields} {record.body} {record.payload!r}"
    assert answer.body["id"] not in stored
    assert "a thing" not in stored


async def test_an_answer_is_kept_for_a_day(edge: Edge) -> None:
    await create(edge)
    fields = (await kept_record(edge)).fields
    kept_until: Any = fields["expires_at"]
    assert (kept_until - edge.clock.now()).total_seconds() == 24 * 3600
