"""The embedded bus driver: the log is a table beside the store's, so an event is written with its change.

Consumers in this process get a message handed over after its commit; the table is read to catch up.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from libs.common import periodic
from libs.common.bus import local_log
from libs.common.bus.dead_letters import dead_letter
from libs.common.bus.lanes import Backlog, Delivery, Lanes, Retries, error_text, wait_out
from libs.common.bus.local_log import Group, Log, Page
from libs.common.bus.port import BatchHandler, FollowHandler, Message, check_size
from libs.common.clock import Clock
from libs.common.errors import Unavailable
from libs.common.sqlite import Database, Transaction

ReadPage = Callable[[str, int], Awaitable[Page]]


@dataclass(frozen=True, slots=True)
class LocalBusOptions:
    """`retention` is how long a message stays that every group has passed."""

    retention: timedelta = timedelta(hours=1)
    trim_interval_s: float = 30.0
    poll_interval_s: float = 0.25
    save_interval_s: float = 0.1
    grace_s: float = 1.0
    page_messages: int = 500
    retries: Retries = field(default_factory=Retries)
    backlog: Backlog = field(default_factory=Backlog)


class LocalBus:
    """`libs.common.bus.port.Bus` on a `Database` that is started before it and closed after it."""

    def __init__(self, database: Database, clock: Clock, options: LocalBusOptions | None = None) -> None:
        self._database = database
        self._clock = clock
        self._options = options or LocalBusOptions()
        self._log = Log(clock)
        self._save = self._log.save_positions
        self._end = 0
        self._followers: dict[str, list[FollowHandler]] = {}
        self._subscriptions: dict[str, list[_Subscription]] = {}
        self._saved: dict[Group, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._late_follows: set[asyncio.Task[None]] = set()
        database.attach(self)

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            check_size(message)
        await self._append(messages)

    def subscribe(self, topic: str, group: str, handler: BatchHandler, *, max_batch: int = 500) -> None:
        delivery = Delivery(handler, partial(self._set_aside, group), self._options.retries, max_batch)
        subscription = _Subscription((topic, group), delivery, self._read, self._options)
        self._subscriptions.setdefault(topic, []).append(subscription)

    def follow(self, topic: str, handler: FollowHandler) -> None:
        self._followers.setdefault(topic, []).append(handler)

    async def prepare(self) -> None:
        """Makes the tables, so that writes can carry events before the consumers start."""
        self._end = await self._database.run(self._log.create)

    async def start(self) -> None:
        await self.prepare()
        stored = await self._database.read(local_log.positions)
        for subscription in self._all_subscriptions():
            subscription.start(stored.get(subscription.group, 0))
        await self._refresh_positions()
        options = self._options
        self._repeat(options.save_interval_s, "save positions", self._save_positions)
        self._repeat(options.trim_interval_s, "trim the log", self.trim)
        if not self._database.in_memory:
            self._repeat(options.poll_interval_s, "look for messages of other processes", self.poll)

    async def close(self) -> None:
        if not self._tasks:
            return
        await periodic.cancel([*self._tasks, *self._late_follows])
        await asyncio.gather(*(subscription.close() for subscription in self._all_subscriptions()))
        try:
            await self._save_positions()
        except Unavailable as error:
            structlog.get_logger().warning("positions_not_saved", reason=error.message)

    async def ping(self) -> None:
        await self._database.ping()

    async def trim(self) -> None:
        """Deletes what every group has passed and nobody needs for catching up any more, in small chunks."""
        await self._refresh_positions()
        now = self._clock.now()
        job = partial(local_log.trim, older_than=now - self._options.retention, now=now)
        while await self._database.run(job):
            pass

    async def poll(self) -> None:
        """Looks for messages that another process appended."""
        end = await self._database.run(_end_of_log)
        if end > self._end:
            self._passed_by(end + 1)
            self._end = end

    def append(self, connection: sqlite3.Connection, messages: Sequence[Message]) -> int:
        return self._log.append(connection, messages)

    def committed(self, first_position: int, messages: Sequence[Message]) -> None:
        if first_position > self._end + 1:
            self._passed_by(first_position)
        self._end = first_position + len(messages) - 1
        wanted = [
            Message(message.topic, message.key, message.value, position)
            for position, message in enumerate(messages, first_position)
            if message.topic in self._followers or message.topic in self._subscriptions
        ]
        self._tell_followers(wanted)
        for message in wanted:
            for subscription in self._subscriptions.get(message.topic, ()):
                subscription.offer(message)

    def _passed_by(self, before: int) -> None:
        """Another process wrote between what is known and `before`."""
        for subscription in self._all_subscriptions():
            subscription.fall_behind()
        if self._followers:
            task = periodic.start("follow late", self._follow_late(self._end, before))
            self._late_follows.add(task)
            task.add_done_callback(self._late_follows.discard)

    async def _follow_late(self, after: int, before: int) -> None:
        read = partial(local_log.read_between, after=after, before=before)
        self._tell_followers(await wait_out(self._options.retries, partial(self._database.read, read)))

    def _tell_followers(self, messages: Sequence[Message]) -> None:
        for message in messages:
            for follower in self._followers.get(message.topic, ()):
                try:
                    follower(message)
                except Exception as error:  # a follower's bug must not fail the write
                    structlog.get_logger().error("follower_failed", topic=message.topic, error=error_text(error))

    async def _read(self, topic: str, after: int) -> Page:
        job = partial(local_log.read_topic, topic=topic, after=after, limit=self._options.page_messages)
        return await wait_out(self._options.retries, partial(self._database.read, job))

    async def _set_aside(self, group: str, message: Message, error: Exception) -> None:
        """A dead letter may be larger than other messages: it must not get lost for its size."""
        await self._append([dead_letter(message, group, error)])

    async def _append(self, messages: Sequence[Message]) -> None:
        await self._database.write(_publish, messages)

    async def _save_positions(self) -> None:
        positions = {each.group: each.watermark() for each in self._all_subscriptions()}
        moved = {group: position for group, position in positions.items() if self._saved.get(group) != position}
        if moved:
            await self._database.write(self._save, moved)
            self._saved.update(moved)

    async def _refresh_positions(self) -> None:
        self._saved.clear()
        await self._save_positions()

    def _all_subscriptions(self) -> list[_Subscription]:
        return [subscription for each in self._subscriptions.values() for subscription in each]

    def _repeat(self, interval_s: float, name: str, action: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(periodic.start(name, periodic.every(interval_s, name, action)))


class _Subscription:
    """A group's way through a topic: live from memory, or behind and reading the table."""

    def __init__(self, group: Group, delivery: Delivery, read: ReadPage, options: LocalBusOptions) -> None:
        self.group = group
        self._delivery = delivery
        self._read = read
        self._options = options
        self._live = False
        self._behind = asyncio.Event()
        self._held: list[Message] = []
        self._missed = False

    def start(self, after: int) -> None:
        self._taken = after
        self._lanes = Lanes(self._delivery, backlog=self._options.backlog)
        self._task = periodic.start(f"catch up {self.group}", self._catch_up_forever())

    async def close(self) -> None:
        await periodic.cancel([self._task])
        self._live = False
        await self._lanes.close(self._options.grace_s)

    def watermark(self) -> int:
        """The position up to which everything is handled."""
        oldest = self._lanes.oldest()
        return self._taken if oldest is None else oldest - 1

    def offer(self, message: Message) -> None:
        if not self._live:
            self._hold(message)
        elif self._lanes.full:
            self.fall_behind()
        else:
            self._take(message)

    def fall_behind(self) -> None:
        self._live = False
        self._missed = True
        self._behind.set()

    def _hold(self, message: Message) -> None:
        """Keeps what is handed over while the table is read, for it may be newer than what was read."""
        if len(self._held) < self._options.page_messages:
            self._held.append(message)
        else:
            self._missed = True

    def _take(self, message: Message) -> None:
        if message.position > self._taken:
            self._taken = message.position
            self._lanes.put(message)

    async def _catch_up_forever(self) -> None:
        while True:
            await self._lanes.room()
            if await self._catch_up():
                await self._behind.wait()

    async def _catch_up(self) -> bool:
        """Takes a page of the table; True when nothing is missing any more."""
        self._behind.clear()
        self._held, self._missed = [], False
        page = await self._read(self.group[0], self._taken)
        for message in page.messages:
            self._take(message)
        self._taken = max(self._taken, page.end)
        self._live = page.complete and not self._missed
        if self._live:
            for message in self._held:
                self._take(message)
        self._held = []
        return self._live


def _publish(transaction: Transaction, batches: list[Sequence[Message]]) -> list[None]:
    for messages in batches:
        transaction.messages.extend(messages)
    return [None] * len(batches)


def _end_of_log(transaction: Transaction) -> int:
    return local_log.end(transaction.connection)
