"""Followers of topics in one process: every message from now on, without a group, each once it is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition, errors

from libs.common import periodic
from libs.common.bus.kafka_connection import Cluster, reason
from libs.common.bus.kafka_lifecycle import end_consumer, start_within
from libs.common.bus.kafka_logs import Outage
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.lanes import error_text
from libs.common.bus.port import FollowHandler, Message
from libs.common.errors import EngineRefused, Unavailable

_WAIT_S = 1.0
_POLL_S = 0.5
_CUT_OFF_S = 3.0
_TAKEN_AT_ONCE = 500
_EXPECTED = (errors.KafkaError, EngineRefused, Unavailable, TimeoutError, OSError)


class Followers:
    """One consumer of all partitions of the followed topics. A position once taken is kept through any outage."""

    def __init__(self, cluster: Cluster, options: KafkaOptions) -> None:
        self._cluster = cluster
        self._options = options
        self._handlers: dict[str, list[FollowHandler]] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._names: dict[str, str] = {}
        self._outage = Outage("kafka_followers")
        self._task: asyncio.Task[None] | None = None

    def add(self, topic: str, handler: FollowHandler) -> None:
        self._names[self._cluster.url.topic(topic)] = topic
        self._handlers.setdefault(topic, []).append(handler)

    async def start(self) -> None:
        """From its return on nothing is missed. Raises EngineRefused, Unavailable."""
        if self._handlers:
            consumer = await self._connect()
            self._task = periodic.start("follow", self._run(consumer))

    async def close(self) -> None:
        if self._task:
            await periodic.cancel([self._task])

    async def _run(self, consumer: AIOKafkaConsumer | None) -> None:
        while True:
            try:
                consumer = consumer or await self._connect()
                await self._follow(consumer)
            except _EXPECTED as error:
                self._outage.lost(str(error) if isinstance(error, EngineRefused | Unavailable) else reason(error))
            except Exception as error:  # a fault of the client must not end the following
                self._outage.lost(error_text(error))
            finally:
                if consumer:
                    await end_consumer(consumer, self._options.grace_s)
            consumer = None
            await asyncio.sleep(_WAIT_S)

    async def _connect(self) -> AIOKafkaConsumer:
        async with self._cluster.connection():
            consumer = self._new_client()
        try:
            await start_within(self._options.request_timeout_s, consumer)
            async with asyncio.timeout(self._options.request_timeout_s):
                await self._learn_topics(consumer)
                await self._assign(consumer, at_end=not self._positions)
        except BaseException as error:
            await end_consumer(consumer, 0)
            if isinstance(error, errors.KafkaError | TimeoutError):
                raise self._cluster.unavailable(reason(error)) from None
            raise
        return consumer

    async def _assign(self, consumer: AIOKafkaConsumer, *, at_end: bool) -> None:
        """At first the end counts; a partition that comes later is followed from its beginning."""
        present = self._partitions(consumer)
        if new := present - self._positions.keys():
            find = consumer.end_offsets if at_end else consumer.beginning_offsets
            self._positions |= await find(list(new))
        consumer.assign(list(present))
        for partition in present:
            consumer.seek(partition, self._positions[partition])
        await self._learn_topics(consumer)

    async def _learn_topics(self, consumer: AIOKafkaConsumer) -> None:
        """Assigning forgets topics without partitions: one that was deleted and comes again would not be noticed."""
        await consumer._client.set_topics(set(self._names))

    def _partitions(self, consumer: AIOKafkaConsumer) -> set[TopicPartition]:
        return {
            TopicPartition(name, number) for name in self._names for number in consumer.partitions_for_topic(name) or ()
        }

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        watch = _Watch(self._outage, self._options.stale_after_s)
        while True:
            await self._take(consumer)
            await asyncio.sleep(self._options.fetch_interval_s)
            watch.look(consumer.last_poll_timestamp(each) for each in consumer.assignment())
            async with asyncio.timeout(self._options.request_timeout_s):
                await self._look_for_partitions(consumer)

    async def _look_for_partitions(self, consumer: AIOKafkaConsumer) -> None:
        """A topic is without any while it is made anew, and for a moment after its broker came back."""
        if not all(map(consumer.partitions_for_topic, self._names)):
            await asyncio.sleep(_POLL_S)
            await consumer._client.force_metadata_update()
        if self._partitions(consumer) != consumer.assignment():
            await self._assign(consumer, at_end=False)

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        try:
            fetched = await consumer.getmany(timeout_ms=round(_POLL_S * 1000), max_records=_TAKEN_AT_ONCE)
        except errors.OffsetOutOfRangeError:
            await self._start_over(consumer)
        else:
            for partition, records in fetched.items():
                for record in records:
                    self._tell(record)
                self._positions[partition] = records[-1].offset + 1

    async def _start_over(self, consumer: AIOKafkaConsumer) -> None:
        assigned = consumer.assignment()
        async with asyncio.timeout(self._options.request_timeout_s):
            beginnings = await consumer.beginning_offsets(list(assigned))
            ends = await consumer.end_offsets(list(assigned))
        for partition in assigned:
            if not beginnings[partition] <= self._positions[partition] <= ends[partition]:
                self._positions[partition] = beginnings[partition]
                structlog.get_logger().warning(
                    "kafka_follower_starts_over",
                    topic=self._names[partition.topic],
                    partition=partition.partition,
                    reason="its position is not in the log any more: all that is retained is heard",
                )
            consumer.seek(partition, self._positions[partition])

    def _tell(self, record: Any) -> None:
        topic = self._names[record.topic]
        key = (record.key or b"").decode(errors="replace")
        message = Message(topic, key, record.value or b"", record.offset, record.partition)
        for handler in self._handlers[topic]:
            try:
                handler(message)
            except Exception as error:  # one follower's bug must not keep the others from hearing
                structlog.get_logger().error("follower_failed", topic=topic, error=error_text(error))

    def _new_client(self) -> AIOKafkaConsumer:
        options = self._options
        settings: dict[str, Any] = self._cluster.settings()
        return AIOKafkaConsumer(
            **settings,
            group_id=None,
            auto_offset_reset="none",
            enable_auto_commit=False,
            metadata_max_age_ms=round(options.metadata_max_age_s * 1000),
        )


class _Watch:
    """Tells when some partition was not heard for a while, and gives the client up when that lasts."""

    def __init__(self, outage: Outage, stale_after_s: float) -> None:
        self._outage = outage
        self._stale_after_s = stale_after_s
        self._heard: int | None = None
        self._since = time.monotonic()

    def look(self, heard: Iterable[int | None]) -> None:
        """`heard` is when each partition last answered; the one that has been silent longest counts."""
        now, oldest = time.monotonic(), min((at or 0 for at in heard), default=0)
        silent_s = now - self._since
        if silent_s > _CUT_OFF_S:
            self._outage.lost("a partition does not answer", self._since)
        if oldest and oldest != self._heard:
            self._heard, self._since = oldest, now
            self._outage.over()
        elif silent_s > self._stale_after_s:
            raise TimeoutError
