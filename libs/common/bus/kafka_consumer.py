"""A group's member on one topic: takes messages into lanes, and commits below what isn't handled yet."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition, errors

from libs.common import periodic
from libs.common.bus.kafka_connection import Cluster, reason
from libs.common.bus.kafka_lifecycle import end_consumer, start_within
from libs.common.bus.kafka_logs import Outage
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.lanes import Delivery, Lanes, error_text
from libs.common.bus.port import Message
from libs.common.errors import EngineRefused, Unavailable

_FIRST_WAIT_S = 0.1
_MAX_WAIT_S = 2.0
_POLL_S = 1.0
_COMMIT_TIMEOUT_S = 1.5
_LOOKS = 4
_TAKEN_AT_ONCE = 500
_FETCH_BYTES = 16 * 1024 * 1024
_NEVER_MS = 2**31 - 1
_NO_POSITION = "no position of the group is stored"
_OUT_OF_RANGE = "the group's position is not in the log any more"
_EXPECTED = (errors.KafkaError, EngineRefused, Unavailable, TimeoutError, OSError)


class GroupConsumer:
    """Runs until it is closed, through one client of aiokafka after the other; whatever ends a client, none is last.

    Every rebalance revokes all partitions: what is in hand gets a grace, the rest is left for whoever comes next.
    """

    def __init__(self, cluster: Cluster, topic: str, group: str, delivery: Delivery, options: KafkaOptions) -> None:
        self._cluster = cluster
        self._topic = topic
        self._group = group
        self._delivery = delivery
        self._options = options
        self._next: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._restarted: defaultdict[str, list[int]] = defaultdict(list)
        self._settling = asyncio.Lock()
        self._under_way: _Commit | None = None
        self._fetched_at = 0.0
        self._outage = Outage("kafka_consumer", topic=topic, group=group)
        self._commits = Outage("kafka_commits", topic=topic, group=group)

    def start(self) -> None:
        self._lanes = self._new_lanes()
        self._task = periodic.start(f"consume {self._topic} for {self._group}", self._run())

    async def close(self) -> None:
        await periodic.cancel([self._task])
        await self._lanes.close(0)

    async def _run(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            began = time.monotonic()
            try:
                await self._consume()
            except _EXPECTED as error:
                self._outage.lost(str(error) if isinstance(error, EngineRefused | Unavailable) else reason(error))
            except Exception as error:  # a fault of the client must not end the group's work
                self._outage.lost(error_text(error))
            wait_s = _FIRST_WAIT_S if time.monotonic() - began > _MAX_WAIT_S else min(_MAX_WAIT_S, wait_s * 2)
            await asyncio.sleep(wait_s)

    async def _consume(self) -> None:
        async with self._cluster.connection():
            consumer = self._new_client()
        committing: list[asyncio.Task[None]] = []
        try:
            await start_within(self._options.stale_after_s, consumer)
            committing.append(periodic.start("commit", self._commit_again_and_again(consumer)))
            self._outage.over()
            watch = _Watch(self._cluster, consumer, self._outage, self._options.stale_after_s)
            while True:
                await self._pace()
                await self._lanes.room()
                began = time.monotonic()
                await self._take(consumer)
                await watch.look(time.monotonic() - began)
        finally:
            await periodic.cancel(committing)
            await self.revoke(consumer)
            await end_consumer(consumer, self._options.grace_s, self._under_way.answer if self._under_way else None)
            self._under_way = None

    async def _pace(self) -> None:
        """A fetch costs as much as fifty messages, so under load some are let gather."""
        pause_s = self._fetched_at + self._options.fetch_interval_s - time.monotonic()
        if pause_s > 0:
            await asyncio.sleep(pause_s)

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        """During a rebalance `getmany` waits for its end, whenever that comes."""
        try:
            async with asyncio.timeout(2 * _POLL_S):
                fetched = await consumer.getmany(timeout_ms=round(_POLL_S * 1000), max_records=_TAKEN_AT_ONCE)
        except TimeoutError:
            return
        except (errors.NoOffsetForPartitionError, errors.OffsetOutOfRangeError):
            await self._start_over(consumer)
        else:
            self._put(fetched)

    def _put(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        if sum(map(len, fetched.values())) < _TAKEN_AT_ONCE:
            self._fetched_at = time.monotonic()
        for partition, records in fetched.items():
            for record in records:
                self._lanes.put(self._message(record))
            self._next[partition] = records[-1].offset + 1

    def _message(self, record: ConsumerRecord[bytes | None, bytes | None]) -> Message:
        key = (record.key or b"").decode(errors="replace")
        return Message(self._topic, key, record.value or b"", record.offset, record.partition)

    async def _start_over(self, consumer: AIOKafkaConsumer) -> None:
        """Goes to the beginning of each partition in which the group's position is lost.

        Old positions mean nothing there any more, so none may be left in a lane. All partitions are looked at
        together: what is asked waits for a fetch that is under way, half a second each time.
        """
        await self.settle(consumer)
        assigned = consumer.assignment()
        async with asyncio.timeout(self._options.request_timeout_s):
            positions: dict[TopicPartition, int | None] = dict(self._next)
            for partition in assigned - positions.keys():
                positions[partition] = await consumer.committed(partition)
            beginnings = await consumer.beginning_offsets(list(assigned))
            ends = await consumer.end_offsets(list(assigned))
        if consumer.assignment() != assigned:
            return
        for partition in assigned:
            position, beginning, end = positions[partition], beginnings[partition], ends[partition]
            if position is None or not beginning <= position <= end:
                if beginning < end:
                    self._restarted[_NO_POSITION if position is None else _OUT_OF_RANGE].append(partition.partition)
                position = beginning
            self._next[partition] = position
            consumer.seek(partition, position)

    async def settle(self, consumer: AIOKafkaConsumer) -> None:
        """Lets the lanes finish what is in hand and commits; what waited in them must be fetched again."""
        async with self._settling:
            lanes = self._lanes
            await lanes.close(self._options.grace_s)
            await self._commit(consumer)
            self._next = self._watermarks()
            self._lanes = self._new_lanes()

    async def revoke(self, consumer: AIOKafkaConsumer) -> None:
        await self.settle(consumer)
        self._next.clear()
        self._committed.clear()

    def _watermarks(self) -> dict[TopicPartition, int]:
        """Per partition the position below which everything is handled."""
        marks = {}
        for partition, next_position in self._next.items():
            oldest = self._lanes.oldest(partition.partition)
            marks[partition] = next_position if oldest is None else oldest
        return marks

    async def _commit_again_and_again(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(self._options.commit_interval_s)
            async with self._settling:
                await self._commit(consumer)
            self._tell_restarts()

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """What isn't committed is delivered again, and that is all that a failure costs."""
        if self._under_way and not await self._ended(self._under_way):
            return
        marks = self._watermarks()
        moved = {each: position for each, position in marks.items() if self._committed.get(each) != position}
        if moved:
            self._under_way = _Commit(asyncio.ensure_future(consumer.commit(moved)), moved)
            await self._ended(self._under_way)

    async def _ended(self, commit: _Commit) -> bool:
        """One that takes long is left to itself: cancelled, it would leave errors behind that nobody takes."""
        await asyncio.wait([commit.answer], timeout=_COMMIT_TIMEOUT_S)
        if not commit.answer.done():
            self._commits.lost("Kafka does not answer")
            return False
        self._under_way = None
        match commit.answer.exception():
            case None:
                self._committed.update(commit.positions)
                self._commits.over()
            case errors.CommitFailedError():
                structlog.get_logger().info("kafka_commit_refused", topic=self._topic, group=self._group)
            case error:
                self._commits.lost(reason(error))
        return True

    def _tell_restarts(self) -> None:
        for why, partitions in self._restarted.items():
            structlog.get_logger().warning(
                "kafka_group_starts_over",
                topic=self._topic,
                group=self._group,
                partitions=sorted(partitions),
                reason=f"{why}: all that is retained is delivered",
            )
        self._restarted.clear()

    def _new_lanes(self) -> Lanes:
        return Lanes(self._delivery, backlog=self._options.backlog)

    def _new_client(self) -> AIOKafkaConsumer:
        """A member may take as long as it needs, for handlers wait out what is down: it is heartbeats that count.

        A join waits for the other members, for up to the session's time-out, so the request must outlast that.
        """
        options = self._options
        session_ms = round(options.session_timeout_s * 1000)
        settings: dict[str, Any] = self._cluster.settings(options.request_timeout_s + options.session_timeout_s)
        consumer = AIOKafkaConsumer(
            **settings,
            group_id=self._cluster.url.group(self._group, self._topic),
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 8,
            max_poll_interval_ms=_NEVER_MS,
            metadata_max_age_ms=round(options.metadata_max_age_s * 1000),
            fetch_max_bytes=_FETCH_BYTES,
        )
        consumer.subscribe([self._cluster.url.topic(self._topic)], listener=_Revocation(self, consumer))
        return consumer


@dataclass(frozen=True, slots=True)
class _Commit:
    answer: asyncio.Future[None]
    positions: dict[TopicPartition, int]


class _Revocation(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, owner: GroupConsumer, consumer: AIOKafkaConsumer) -> None:
        self._owner = owner
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            await self._owner.revoke(self._consumer)

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Where each begins is found out when it is fetched from."""


class _Watch:
    """Raises TimeoutError when no partition answers for `patience_s` although the cluster can be reached.

    While it can't, the client is as good as any other, and still a member of its group.
    """

    def __init__(self, cluster: Cluster, consumer: AIOKafkaConsumer, outage: Outage, patience_s: float) -> None:
        self._cluster = cluster
        self._consumer = consumer
        self._outage = outage
        self._look_s = patience_s / _LOOKS
        self._heard = 0
        self._silent_s = 0.0
        self._reached = 0

    async def look(self, asked_s: float) -> None:
        """`asked_s` is for how long the partitions were asked since the last look."""
        partitions = self._consumer.assignment()
        heard = max((self._consumer.last_poll_timestamp(each) or 0 for each in partitions), default=0)
        if not partitions or heard != self._heard:
            self._heard, self._silent_s, self._reached = heard, 0.0, 0
            self._outage.over()
            return
        self._silent_s += asked_s
        if self._silent_s > self._look_s:
            self._silent_s = 0.0
            self._outage.lost("it does not answer")
            await self._doubt()

    async def _doubt(self) -> None:
        try:
            async with self._cluster.connection():
                self._reached += 1
        except (EngineRefused, Unavailable):
            self._reached = 0
        if self._reached == _LOOKS:
            raise TimeoutError
