"""A followed cache: what it holds, when it asks its owner again, and what a drop does to a load that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from libs.common.cache import FollowedCache, Loaded
from libs.common.errors import NotFound, Unavailable


class Owner:
    """Answers each key with what `values` has, filed under the key; waits while `gate` is shut."""

    def __init__(self, **options: Any) -> None:
        self.values: dict[str, str | None] = {"a": "first"}
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.during: Callable[[], None] = lambda: None
        self.now_s = 0.0
        self.cache: FollowedCache[str, str | None] = FollowedCache(
            "test", self._load, monotonic=lambda: self.now_s, **options
        )

    async def _load(self, key: str) -> Loaded[str | None]:
        self.asked.append(key)
        value, error = self.values.get(key), self.error
        await self.gate.wait()
        self.during()
        if error is not None:
            raise error
        return Loaded(value, frozenset({key}))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


async def _until_idle() -> None:
    """Lets everything that can run do so: nothing here waits for time."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_owner_is_asked_once() -> None:
    owner = Owner()
    assert [await owner.cache.get("a") for _ in range(3)] == ["first"] * 3
    assert (owner.asked, owner.cache.hits, owner.cache.misses) == (["a"], 2, 1)


async def test_callers_at_the_same_time_share_one_load() -> None:
    owner = Owner()
    assert await asyncio.gather(*(owner.cache.get("a") for _ in range(50))) == ["first"] * 50
    assert owner.asked == ["a"]


async def test_that_there_is_nothing_is_kept_too() -> None:
    owner = Owner()
    assert [await owner.cache.get("missing") for _ in range(2)] == [None, None]
    assert owner.asked == ["missing"]


async def test_what_is_dropped_is_loaded_anew() -> None:
    owner = Owner()
    await owner.cache.get("a")
    owner.values["a"] = "second"
    owner.cache.drop(["a", "another"])
    assert owner.cache.peek("a") is None
    assert await owner.cache.get("a") == "second"


async def test_a_drop_leaves_what_is_filed_under_other_tags() -> None:
    owner = Owner()
    await owner.cache.get("a")
    owner.cache.drop(["b"])
    assert owner.cache.peek("a") == "first"


async def test_a_load_that_a_drop_overtakes_answers_who_asked_before_and_is_not_kept() -> None:
    owner = Owner()
    owner.gate.clear()
    before = asyncio.create_task(owner.cache.get("a"))
    await _until_idle()
    owner.values["a"] = "second"
    owner.cache.drop(["a"])
    after = [asyncio.create_task(owner.cache.get("a")) for _ in range(3)]
    await _until_idle()
    owner.gate.set()
    assert await before == "first"
    assert await asyncio.gather(*after) == ["second"] * 3
    assert owner.cache.peek("a") == "second"
    assert owner.asked == ["a", "a"]


async def test_a_refusal_from_before_a_drop_is_not_the_answer_to_who_asks_after_it() -> None:
    owner = Owner()
    owner.gate.clear()
    owner.error = NotFound("gone", "It is gone.")
    before = asyncio.create_task(owner.cache.get("a"))
    await _until_idle()
    owner.error = None
    owner.cache.drop(["a"])
    after = asyncio.create_task(owner.cache.get("a"))
    await _until_idle()
    owner.gate.set()
    assert await after == "first"
    with pytest.raises(NotFound):
        await before


async def test_a_value_that_is_overtaken_each_time_is_answered_and_not_kept() -> None:
    owner = Owner()
    owner.during = lambda: owner.cache.drop(["a"])
    assert [await owner.cache.get("a") for _ in range(3)] == ["first"] * 3
    assert (len(owner.asked), len(owner.cache)) == (3, 0)


async def test_the_least_recently_used_goes_first() -> None:
    owner = Owner(capacity=2)
    for key in ("a", "b", "a", "c"):
        await owner.cache.get(key)
    owner.asked.clear()
    for key in ("a", "c"):
        await owner.cache.get(key)
    assert (owner.asked, len(owner.cache)) == ([], 2)


async def test_tags_of_what_went_are_forgotten() -> None:
    owner = Owner(capacity=1)
    for number in range(100):
        await owner.cache.get(str(number))
    owner.cache.drop(str(number) for number in range(99))
    assert len(owner.cache) == 1


async def test_an_old_value_is_served_while_it_is_loaded_anew() -> None:
    owner = Owner(fresh_s=60)
    await owner.cache.get("a")
    owner.values["a"], owner.now_s = "second", 60
    assert owner.cache.peek("a") is None
    assert await owner.cache.get("a") == "first"
    await _until_idle()
    assert owner.cache.peek("a") == "second"


async def test_while_the_owner_is_down_it_is_asked_once_a_second() -> None:
    owner = Owner(fresh_s=60, stale_s=300)
    await owner.cache.get("a")
    owner.error = Unavailable("down", "It is down.")
    for now_s in (60.0, 60.0, 60.9, 61.0):
        owner.now_s = now_s
        assert await owner.cache.get("a") == "first"
        await _until_idle()
    assert len(owner.asked) == 3


async def test_past_its_bound_a_value_is_served_no_more() -> None:
    owner = Owner(fresh_s=60, stale_s=300)
    await owner.cache.get("a")
    owner.error, owner.now_s = Unavailable("down", "It is down."), 300
    with pytest.raises(Unavailable):
        await owner.cache.get("a")


async def test_without_a_bound_a_value_outlives_its_owner() -> None:
    owner = Owner(fresh_s=60)
    await owner.cache.get("a")
    owner.error, owner.now_s = Unavailable("down", "It is down."), 1e9
    assert await owner.cache.get("a") == "first"


async def test_an_owner_that_is_back_is_asked_again() -> None:
    owner = Owner()
    owner.error = Unavailable("down", "It is down.")
    with pytest.raises(Unavailable):
        await owner.cache.get("a")
    owner.error = None
    assert await owner.cache.get("a") == "first"


async def test_a_refusal_is_raised_to_all_who_wait_and_not_kept() -> None:
    owner = Owner()
    owner.error = NotFound("gone", "It is gone.")
    outcomes = await asyncio.gather(*(owner.cache.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotFound] * 3
    assert len(owner.cache) == 0


async def test_a_fault_behind_the_callers_back_costs_nobody_anything() -> None:
    owner = Owner(fresh_s=60)
    await owner.cache.get("a")
    owner.error, owner.now_s = RuntimeError("a bug"), 60
    assert await owner.cache.get("a") == "first"
    await _until_idle()
    assert await owner.cache.get("a") == "first"


async def test_a_caller_that_goes_away_leaves_the_load_to_the_others() -> None:
    owner = Owner()
    owner.gate.clear()
    first, second = (asyncio.create_task(owner.cache.get("a")) for _ in range(2))
    await _until_idle()
    first.cancel()
    await _until_idle()
    owner.gate.set()
    assert await second == "first"
    assert first.cancelled()
    assert owner.asked == ["a"]


async def test_a_load_that_fails_with_nobody_waiting_is_no_unhandled_error() -> None:
    owner = Owner()
    owner.error = Unavailable("down", "It is down.")
    owner.gate.clear()
    only = asyncio.create_task(owner.cache.get("a"))
    await _until_idle()
    only.cancel()
    await _until_idle()
    owner.gate.set()
    await _until_idle()
    assert len(owner.cache) == 0
