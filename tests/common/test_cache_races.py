"""Followed caches of several processes: writes, events and fills in every order that can be, and followers cut off.

A step is one of: an owner writes, a process hears of a write, a process asks its cache, the owner reads for a load
that is under way, its answer arrives. The owner's reads see every write before them; all else may lag behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from libs.common.cache import FollowedCache, Loaded
from libs.common.errors import Unavailable

Schedule = tuple[str, ...]


@dataclass
class Store:
    """What owners have written: for each of them a version, which only grows."""

    versions: dict[str, int]

    def write(self, owner: str) -> None:
        self.versions[owner] += 1


@dataclass
class Visit:
    """A load under way at the owners: each is read in its turn, then the answer travels back."""

    read: dict[str, int] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Process:
    """A cache whose entry is put together from what several owners have, by way of another cache of the process.

    Both are filed under the owners' names, and hear of a write in the order in which they depend on each other.
    """

    def __init__(self, store: Store) -> None:
        self.heard = dict.fromkeys(store.versions, 0)
        self._near: FollowedCache[str, dict[str, int]] = FollowedCache("near", self._load)
        self.cache: FollowedCache[str, dict[str, int]] = FollowedCache("race", self._derive)
        self._store = store
        self._visits: list[Visit] = []
        self._asked: list[tuple[asyncio.Task[dict[str, int]], dict[str, int]]] = []

    def hear(self, owner: str) -> None:
        self.heard[owner] += 1
        self._near.drop([owner])
        self.cache.drop([owner])

    def ask(self) -> None:
        self._asked.append((asyncio.create_task(self.cache.get("key")), dict(self.heard)))

    def read(self, owner: str) -> None:
        for visit in self._visits:
            if owner not in visit.read:
                visit.read[owner] = self._store.versions[owner]
                return

    def answer(self) -> None:
        for visit in self._visits:
            if visit.read.keys() == self._store.versions.keys():
                self._visits.remove(visit)
                visit.arrived.set()
                return

    async def settle(self) -> None:
        """Lets all that was asked come to its end; every answer is at least as new as what had been heard."""
        while not all(task.done() for task, _ in self._asked):
            await idle()
            for owner in self._store.versions:
                self.read(owner)
            self.answer()
        for task, heard in self._asked:
            assert all(task.result()[owner] >= version for owner, version in heard.items())

    async def _derive(self, key: str) -> Loaded[dict[str, int]]:
        return Loaded(await self._near.get(key), frozenset(self._store.versions))

    async def _load(self, key: str) -> Loaded[dict[str, int]]:
        visit = Visit()
        self._visits.append(visit)
        await visit.arrived.wait()
        return Loaded(visit.read, frozenset(self._store.versions))


async def idle() -> None:
    """Lets everything that can run do so."""
    for _ in range(6):
        await asyncio.sleep(0)


def schedules(*threads: Sequence[str], after: dict[str, str]) -> Iterator[Schedule]:
    """Every order of all steps in which those of a thread keep theirs, and each comes after the one it follows from."""

    def orders(taken: Schedule, at: tuple[int, ...]) -> Iterator[Schedule]:
        if len(taken) == sum(map(len, threads)):
            yield taken
        for index, thread in enumerate(threads):
            if at[index] < len(thread):
                step = thread[at[index]]
                if after.get(step, step) in (step, *taken):
                    yield from orders((*taken, step), (*at[:index], at[index] + 1, *at[index + 1 :]))

    return orders((), (0,) * len(threads))


async def play(schedule: Schedule, store: Store, processes: dict[str, Process]) -> None:
    """A step is `write OWNER n`, or of a process: `hear OWNER n`, `ask n`, `read OWNER n`, `answer n`."""
    for step in schedule:
        match step.split():
            case "write", owner, _:
                store.write(owner)
            case name, "hear", owner, _:
                processes[name].hear(owner)
            case name, "ask", _:
                processes[name].ask()
            case name, "read", owner, _:
                processes[name].read(owner)
            case name, "answer", _:
                processes[name].answer()
        await idle()
    for process in processes.values():
        await process.settle()


async def check_every(found: Iterator[Schedule], owners: Sequence[str], names: Sequence[str]) -> int:
    """Once all is heard and answered, everybody is told the newest, whatever the order was; answers how many."""
    every = list(found)
    for schedule in every:
        store = Store(dict.fromkeys(owners, 0))
        processes = {name: Process(store) for name in names}
        await play(schedule, store, processes)
        for process in processes.values():
            process.ask()
            await process.settle()
            assert await process.cache.get("key") == store.versions, schedule
    return len(every)


async def test_two_writes_and_two_callers_of_one_process_in_every_order() -> None:
    found = schedules(
        ["write x 1", "write x 2"],
        ["A hear x 1", "A hear x 2"],
        ["A ask 1", "A read x 1", "A answer 1"],
        ["A ask 2", "A read x 2", "A answer 2"],
        after={"A hear x 1": "write x 1", "A hear x 2": "write x 2"},
    )
    assert await check_every(found, ["x"], ["A"]) > 1_000


async def test_a_write_and_the_callers_of_two_processes_in_every_order() -> None:
    found = schedules(
        ["write x 1"],
        ["A hear x 1"],
        ["A ask 1", "A read x 1", "A answer 1"],
        ["B hear x 1"],
        ["B ask 1", "B read x 1", "B answer 1"],
        after={"A hear x 1": "write x 1", "B hear x 1": "write x 1"},
    )
    assert await check_every(found, ["x"], ["A", "B"]) > 1_000


async def test_an_entry_put_together_from_two_owners_whose_events_overtake_each_other() -> None:
    found = schedules(
        ["write x 1", "write y 1"],
        ["A hear x 1"],
        ["A hear y 1"],
        ["A ask 1", "A read x 1", "A read y 1", "A answer 1"],
        ["A ask 2"],
        after={"A hear x 1": "write x 1", "A hear y 1": "write y 1"},
    )
    assert await check_every(found, ["x", "y"], ["A"]) > 1_000


async def test_however_often_a_load_is_overtaken_nobody_is_told_what_he_knows_to_be_old() -> None:
    overtaken = [step.split(", ") for step in ("A read x {0}, write x {0}, A hear x {0}, A answer {0}",) * 9]
    steps = [step.format(number) for number, steps in enumerate(overtaken, 1) for step in steps]
    store = Store({"x": 0})
    process = Process(store)
    await play(("A ask 1", *steps[:-1], "A ask 2", steps[-1]), store, {"A": process})
    assert await process.cache.get("key") == {"x": 9}


class Revoked:
    """An owner of a grant that is revoked at 10 s, and a process that never hears of it."""

    def __init__(self, *, stale_s: float | None = 300.0) -> None:
        self.now_s = 0.0
        self.down_from_s = float("inf")
        self.cache: FollowedCache[str, bool] = FollowedCache(
            "grants", self._load, stale_s=stale_s, monotonic=lambda: self.now_s
        )

    async def granted_at(self, now_s: float) -> bool | None:
        """None where nothing can be told."""
        self.now_s = now_s
        try:
            return await self.cache.get("key")
        except Unavailable:
            return None
        finally:
            await idle()

    async def _load(self, key: str) -> Loaded[bool]:
        if self.now_s >= self.down_from_s:
            raise Unavailable("down", "It is down.")
        return Loaded(self.now_s < 10, frozenset({key}))


@pytest.mark.parametrize("every_s", [1, 7, 59, 61, 150, 299, 300, 1000])
async def test_whoever_is_cut_off_from_events_serves_nothing_revoked_past_the_bound(every_s: int) -> None:
    owner = Revoked()
    told = {now_s: await owner.granted_at(now_s) for now_s in range(0, 1001, every_s)}
    assert {now_s for now_s, granted in told.items() if granted and now_s >= 300} == set()
    in_use = {now_s for now_s, granted in told.items() if granted and now_s > 60 + every_s}
    assert in_use == set(), "what is in use is asked for anew after a minute"


@pytest.mark.parametrize("every_s", [1, 7, 59, 61, 150, 299])
async def test_whoever_is_cut_off_from_the_owner_too_serves_until_the_bound_and_then_refuses(every_s: int) -> None:
    owner = Revoked()
    owner.down_from_s = 5
    with capture_logs():
        told = {now_s: await owner.granted_at(now_s) for now_s in range(0, 1001, every_s)}
    assert {now_s for now_s, granted in told.items() if granted} == set(range(0, 300, every_s))
    assert {granted for now_s, granted in told.items() if now_s >= 300} == {None}


async def test_what_has_no_bound_outlives_its_owner_and_is_put_right_when_that_is_back() -> None:
    owner = Revoked(stale_s=None)
    assert await owner.granted_at(0)
    owner.down_from_s = 5
    with capture_logs():
        assert await owner.granted_at(10_000)
    owner.down_from_s = float("inf")
    assert await owner.granted_at(10_002)
    assert not await owner.granted_at(10_003)
