"""How a group's messages reach its handler, whatever engine they come from: in order per key, keys in parallel."""

from __future__ import annotations

import asyncio
import traceback
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from libs.common import periodic
from libs.common.bus.port import BatchHandler, Message
from libs.common.errors import ServiceError, Unavailable

T = TypeVar("T")

DeadLetter = Callable[[Message, Exception], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Retries:
    """Waits grow exponentially from `first_wait_s`, with jitter. `attempts` is for what isn't Unavailable."""

    first_wait_s: float = 0.1
    max_wait_s: float = 10.0
    attempts: int = 3

    def wait(self) -> wait_random_exponential:
        return wait_random_exponential(multiplier=self.first_wait_s, max=self.max_wait_s)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What may wait in memory for one group."""

    messages: int = 10_000
    size_bytes: int = 32 * 1024 * 1024


class Delivery:
    """One batch into the handler: waits out what is down, then finds and sets aside the poisonous message."""

    def __init__(self, handler: BatchHandler, dead_letter: DeadLetter, retries: Retries, max_batch: int) -> None:
        self.max_batch = max_batch
        self._handler = handler
        self._dead_letter = dead_letter
        self._retries = retries

    async def deliver(self, batch: list[Message]) -> None:
        try:
            await self._handle(batch)
        except Exception as error:
            _log_failure("batch_failed", batch, error)
            await self._deliver_again(batch)

    async def _deliver_again(self, batch: list[Message]) -> None:
        try:
            await self._try_again(batch)
        except Exception as error:
            if len(batch) == 1:
                _log_failure("message_set_aside", batch, error)
                await wait_out(self._retries, partial(self._dead_letter, batch[0], error))
                return
            for message in batch:
                await self._deliver_again([message])

    async def _try_again(self, batch: list[Message]) -> None:
        tries = AsyncRetrying(stop=stop_after_attempt(self._retries.attempts), wait=self._retries.wait(), reraise=True)
        await tries(wait_out, self._retries, partial(self._handle, batch))

    async def _handle(self, batch: list[Message]) -> None:
        """A cancellation that is not ours comes from work the handler waited for: a failure like any other."""
        try:
            await self._handler(batch)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RuntimeError("what the handler waited for was cancelled") from None


async def wait_out(retries: Retries, action: Callable[[], Awaitable[T]]) -> T:
    """Tries again for as long as the action raises Unavailable."""

    async def attempt() -> T:
        return await action()

    tries = AsyncRetrying(
        retry=retry_if_exception_type(Unavailable), wait=retries.wait(), before_sleep=_log_wait, reraise=True
    )
    return await tries(attempt)


class _Lane:
    """A queue whose messages are handled one batch after the other."""

    def __init__(self, delivery: Delivery, handled: Callable[[list[Message]], None]) -> None:
        self._delivery = delivery
        self._handled = handled
        self._waiting: deque[Message] = deque()
        self._in_hand: list[Message] = []
        self._arrived = asyncio.Event()
        self._closing = False
        self._task = periodic.start("lane", self._run())

    def put(self, message: Message) -> None:
        self._waiting.append(message)
        self._arrived.set()

    async def close(self, grace_s: float) -> None:
        self._closing = True
        if self._in_hand:
            await asyncio.wait([self._task], timeout=grace_s)
        await periodic.cancel([self._task])

    async def _run(self) -> None:
        while not self._closing:
            await self._arrived.wait()
            size = min(self._delivery.max_batch, len(self._waiting))
            self._in_hand = [self._waiting.popleft() for _ in range(size)]
            await self._delivery.deliver(self._in_hand)
            done, self._in_hand = self._in_hand, []
            self._handled(done)
            if not self._waiting:
                self._arrived.clear()


class Lanes:
    """Parallel lanes; all messages of a key take the same one. Made on a running event loop."""

    def __init__(self, delivery: Delivery, *, lanes: int = 4, backlog: Backlog | None = None) -> None:
        self._lanes = [_Lane(delivery, self._handled) for _ in range(lanes)]
        self._backlog = backlog or Backlog()
        self._unhandled: defaultdict[int, dict[int, None]] = defaultdict(dict)
        self._messages = 0
        self._size_bytes = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    def put(self, message: Message) -> None:
        """The messages of a partition come in the order of their positions."""
        self._unhandled[message.partition][message.position] = None
        self._messages += 1
        self._size_bytes += len(message.value)
        self._lanes[hash(message.key) % len(self._lanes)].put(message)

    @property
    def full(self) -> bool:
        return self._messages >= self._backlog.messages or self._size_bytes >= self._backlog.size_bytes

    async def room(self) -> None:
        """Waits until a full backlog is worked off by half, or the lanes close."""
        if self.full:
            self._has_room.clear()
        await self._has_room.wait()

    def oldest(self, partition: int = 0) -> int | None:
        """The lowest position of the partition that isn't handled yet; everything below it is."""
        return next(iter(self._unhandled[partition]), None)

    async def close(self, grace_s: float) -> None:
        """Gives the batches in hand that long to finish; what waits is left for the next start."""
        await asyncio.gather(*(lane.close(grace_s) for lane in self._lanes))
        self._has_room.set()

    def _handled(self, messages: list[Message]) -> None:
        for message in messages:
            del self._unhandled[message.partition][message.position]
        self._messages -= len(messages)
        self._size_bytes -= sum(len(message.value) for message in messages)
        if self._messages <= self._backlog.messages // 2 and self._size_bytes <= self._backlog.size_bytes // 2:
            self._has_room.set()


def _log_failure(event: str, batch: list[Message], error: Exception) -> None:
    first = batch[0]
    structlog.get_logger().warning(
        event, topic=first.topic, position=first.position, messages=len(batch), error=error_text(error)
    )


def _log_wait(state: RetryCallState) -> None:
    wait_s = state.next_action.sleep if state.next_action else 0.0
    structlog.get_logger().warning("waiting_for_dependency", attempt=state.attempt_number, wait_s=round(wait_s, 3))


def error_text(error: Exception) -> str:
    """What can be told of an error: foreign exceptions may quote secrets, so of those only class and place."""
    if isinstance(error, ServiceError):
        return f"{type(error).__name__}: {error.message}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
