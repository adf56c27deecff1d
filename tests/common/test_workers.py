"""Workers: restarted with backoff, given up loudly; rows leased, worked off in slots, left to their lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from libs.common.errors import Unavailable
from libs.common.workers import LeasedRows, Periodic, Supervisor


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What was logged, instead of printing it."""
    with capture_logs() as events:
        yield events


async def _passed(gate: asyncio.Event) -> None:
    await gate.wait()


class Failing:
    """Fails so many times, each after `lasting_s`, then runs until it is cancelled."""

    name = "failing"

    def __init__(self, failures: int, *, lasting_s: float = 0.0) -> None:
        self.failures = failures
        self.lasting_s = lasting_s
        self.starts = 0
        self.now_s = 0.0
        self.pauses_s: list[float] = []
        self.stopped = False

    def supervisor(self, **options: Any) -> Supervisor:
        return Supervisor(sleep=self._pause, monotonic=lambda: self.now_s, **options)

    async def _pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)

    async def run(self) -> None:
        self.starts += 1
        self.now_s += self.lasting_s
        if self.starts <= self.failures:
            raise RuntimeError("failed")
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped = True


async def test_a_worker_that_fails_is_started_again_after_ever_longer_pauses() -> None:
    worker = Failing(3)
    supervisor = worker.supervisor()
    supervisor.start([worker])
    await _until(lambda: worker.starts == 4)
    assert worker.pauses_s == [0.2, 0.4, 0.8]
    assert not supervisor.broken.is_set()
    await supervisor.stop()


async def test_a_worker_that_fails_again_and_again_is_given_up_loudly(logged: list[EventDict]) -> None:
    worker = Failing(100)
    supervisor = worker.supervisor(max_failures=3)
    supervisor.start([worker])
    await supervisor.broken.wait()
    assert worker.starts == 3
    assert [(each["worker"], each["failures"]) for each in logged] == [("failing", 1), ("failing", 2), ("failing", 3)]
    await supervisor.stop()


async def test_a_failure_after_a_stable_while_counts_anew() -> None:
    worker = Failing(10, lasting_s=61)
    supervisor = worker.supervisor(max_failures=3)
    supervisor.start([worker])
    await _until(lambda: worker.starts == 11)
    assert set(worker.pauses_s) == {0.2}
    await supervisor.stop()


async def test_a_supervisor_that_fails_itself_does_so_loudly() -> None:
    worker = Failing(1)

    async def pause(_seconds: float) -> None:
        raise OSError("a fault of the supervisor's own")

    supervisor = Supervisor(sleep=pause)
    supervisor.start([worker])
    await supervisor.broken.wait()
    await supervisor.stop()


async def test_a_worker_ends_with_its_supervisor() -> None:
    worker = Failing(0)
    supervisor = worker.supervisor()
    supervisor.start([worker])
    await _until(lambda: worker.starts == 1)
    await supervisor.stop()
    assert worker.stopped


async def test_periodic_work_waits_out_an_owner_that_is_down() -> None:
    rounds = 0

    async def action() -> None:
        nonlocal rounds
        rounds += 1
        raise Unavailable("down", "It is down.")

    running = asyncio.create_task(Periodic("round", 0, action).run())
    await _until(lambda: rounds == 3)
    running.cancel()


async def test_periodic_work_fails_with_any_other_error() -> None:
    async def action() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await Periodic("round", 0, action).run()


class Queue:
    """Rows that are due, and what became of them."""

    def __init__(self, due: Sequence[int] = (), *, slots: int = 4, drain_s: float = 1.0, poll_s: float = 60.0) -> None:
        self.due = list(due)
        self.claims: list[int] = []
        self.started: list[int] = []
        self.done: list[int] = []
        self.down = False
        self.work: Callable[[int], Awaitable[None]] = self._at_once
        self.worker: LeasedRows[int] = LeasedRows(
            "rows", self._claim, self._work, slots=slots, poll_s=poll_s, drain_s=drain_s
        )

    async def _claim(self, limit: int) -> Sequence[int]:
        self.claims.append(limit)
        if self.down:
            raise Unavailable("down", "It is down.")
        taken, self.due = self.due[:limit], self.due[limit:]
        return taken

    async def _at_once(self, row: int) -> None:
        return None

    async def _work(self, row: int) -> None:
        self.started.append(row)
        await self.work(row)
        self.done.append(row)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.worker.run())
        try:
            await _until(lambda: bool(self.claims))
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_all_that_is_due_is_worked_off_however_few_the_slots() -> None:
    queue = Queue(range(20), slots=3)
    async with queue.running():
        await _until(lambda: len(queue.done) == 20)
    assert sorted(queue.done) == list(range(20))


async def test_no_more_is_claimed_than_there_are_free_slots() -> None:
    queue, gate = Queue(range(10), slots=3), asyncio.Event()
    queue.work = lambda _row: _passed(gate)
    async with queue.running():
        await _until(lambda: len(queue.started) == 3)
        assert (queue.claims, queue.worker.free) == ([3], 0)
        gate.set()
        await _until(lambda: len(queue.done) == 10)


async def test_offered_rows_start_at_once() -> None:
    queue = Queue()
    async with queue.running():
        queue.worker.offer([1, 2])
        await _until(lambda: queue.done == [1, 2])
    assert queue.claims == [4]


async def test_waking_makes_it_look_at_once() -> None:
    queue = Queue()
    async with queue.running():
        queue.due.append(7)
        queue.worker.wake()
        await _until(lambda: queue.done == [7])


async def test_what_falls_due_unannounced_is_found_by_polling() -> None:
    queue = Queue(poll_s=0.001)
    async with queue.running():
        queue.due.append(7)
        await _until(lambda: queue.done == [7])


@pytest.mark.parametrize("error", [RuntimeError("a bug"), Unavailable("down", "It is down.")])
async def test_a_row_that_raises_leaves_the_others_alone(error: Exception) -> None:
    queue = Queue(range(3))

    async def work(row: int) -> None:
        if row == 1:
            raise error

    queue.work = work
    async with queue.running():
        await _until(lambda: len(queue.started) == 3 and queue.worker.free == 4)
    assert queue.done == [0, 2]


async def test_a_store_that_is_down_is_asked_again_later() -> None:
    queue = Queue([1], poll_s=0.001)
    queue.down = True
    async with queue.running():
        await _until(lambda: len(queue.claims) > 2)
        queue.down = False
        await _until(lambda: queue.done == [1])


async def test_stopping_lets_rows_finish() -> None:
    queue, gate = Queue([1]), asyncio.Event()
    queue.work = lambda _row: _passed(gate)
    async with queue.running() as task:
        await _until(lambda: queue.started == [1])
        task.cancel()
        await asyncio.sleep(0)
        gate.set()
    assert queue.done == [1]


async def test_stopping_gives_up_rows_that_take_too_long() -> None:
    queue, let_go = Queue([1], drain_s=0), asyncio.Event()

    async def work(_row: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()

    queue.work = work
    async with queue.running():
        await _until(lambda: queue.started == [1])
    assert let_go.is_set()
    assert queue.done == []


async def test_rows_offered_while_it_stops_are_left_to_their_lease() -> None:
    queue = Queue()
    async with queue.running():
        pass
    queue.worker.offer([1])
    await asyncio.sleep(0)
    assert queue.started == []
