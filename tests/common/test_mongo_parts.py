"""Parts of the MongoDB driver that need no server: batches, URLs, what can't be encoded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, InvalidOperation, OperationFailure

from libs.common.errors import EngineRefused, Unavailable
from libs.common.store.mongo_batches import Batches
from libs.common.store.mongo_errors import translated
from libs.common.store.mongo_layout import DocumentTooLarge, encoded
from libs.common.store.mongo_url import MongoAddress


class Server:
    """Doubles numbers, refuses odd ones, and answers when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()

    async def __call__(self, batch: list[int]) -> Sequence[int | Exception]:
        self.batches.append(batch)
        await self.open.wait()
        return [ValueError(str(number)) if number % 2 else 2 * number for number in batch]


async def test_what_is_asked_for_at_once_is_one_batch_and_a_refused_member_hurts_no_other() -> None:
    server = Server()
    server.open.set()
    batches: Batches[int, int] = Batches(server, lambda _: 1)
    answers = await asyncio.gather(*map(batches.add, range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int, ValueError]
    assert server.batches == [[0, 1, 2, 3]]


async def test_what_comes_while_four_are_under_way_goes_into_the_next() -> None:
    server = Server()
    batches: Batches[int, int] = Batches(server, lambda _: 1)
    asked = []
    for number in range(0, 20, 2):
        asked.append(batches.add(number))
        await asyncio.sleep(0)
    server.open.set()
    assert await asyncio.gather(*asked) == list(range(0, 40, 4))
    assert [len(batch) for batch in server.batches] == [1, 1, 1, 1, 6]


async def test_a_batch_is_bounded_in_items_and_bytes() -> None:
    server = Server()
    server.open.set()
    many: Batches[int, int] = Batches(server, lambda _: 1)
    await asyncio.gather(*map(many.add, range(0, 1400, 2)))
    large: Batches[int, int] = Batches(server, lambda number: number << 20)
    await asyncio.gather(*map(large.add, [10, 4, 2, 40, 2]))
    assert [len(batch) for batch in server.batches] == [500, 200, 3, 1, 1]


async def test_callers_that_are_gone_take_nobody_with_them() -> None:
    server = Server()
    batches: Batches[int, int] = Batches(server, lambda _: 1)
    asked = [batches.add(number) for number in range(0, 8, 2)]
    await asyncio.sleep(0)
    asked[1].cancel()
    later = batches.add(8)
    later.cancel()
    server.open.set()
    assert await asyncio.gather(asked[0], *asked[2:]) == [0, 8, 12]
    await batches.drain()
    assert later.cancelled()


async def test_to_drain_is_to_wait_for_all_that_was_asked_for() -> None:
    server = Server()
    batches: Batches[int, int] = Batches(server, lambda _: 300 << 10)
    asked = [batches.add(number) for number in range(0, 2000, 2)]
    draining = asyncio.create_task(batches.drain())
    await asyncio.sleep(0)
    server.open.set()
    await draining
    assert all(each.done() for each in asked)


async def test_what_fails_as_a_whole_fails_for_everybody_and_the_next_batch_goes_on() -> None:
    failing = True

    async def run(batch: list[int]) -> Sequence[int | Exception]:
        if failing:
            raise AutoReconnect("gone")
        return batch

    batches: Batches[int, int] = Batches(run, lambda _: 1)
    answers = await asyncio.gather(*map(batches.add, range(3)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {AutoReconnect}
    failing = False
    assert await batches.add(7) == 7


def test_what_can_not_be_encoded_is_refused_alone() -> None:
    with pytest.raises(UnicodeEncodeError):
        encoded({"name": "\ud800"})
    with pytest.raises(OverflowError):
        encoded({"rank": 1 << 64})
    with pytest.raises(DocumentTooLarge, match="keep what is large as a payload"):
        encoded({"_b": b"x" * (16 << 20)})


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://me:hu#sh@host/",
        "mongodb://me:hu?sh@host/",
        "mongodb://me:hu/sh@host/",
        "mongodb://me:hu[sh@host/",
        "mongodb://me:hu\u2100sh@host/",
    ],
)
def test_a_password_that_is_not_escaped_is_refused_and_not_told(url: str) -> None:
    with pytest.raises(EngineRefused, match="%2F") as refused:
        MongoAddress.parse(url)
    assert "hu" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_url_is_shown_without_its_password() -> None:
    address = MongoAddress.parse("mongodb://me:hush@a:1,b:2/shop?tls=true")
    assert (address.hosts, address.prefix) == ("a:1,b:2", "shop")
    assert "hush" not in repr(address)
    assert address.url.endswith("/?tls=true&authSource=admin")


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("gone"),
        OperationFailure("write conflict", 112),
        OperationFailure("interrupted", 11601),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 14031}]}),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 50}]}),
        InvalidOperation("Cannot use MongoClient after close"),
    ],
)
def test_what_may_pass_is_a_sentence(error: Exception) -> None:
    with pytest.raises(Unavailable, match="MongoDB at a:1: "), translated("a:1"):
        raise error


def test_a_programming_error_stays_what_it_is() -> None:
    with pytest.raises(OperationFailure, match="bad"), translated("a:1"):
        raise OperationFailure("bad value", 2)
