"""Publishing to Kafka: acknowledged by all replicas, bounded in memory and time, replaced when it can't go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaProducer, errors

from libs.common import periodic
from libs.common.bus.kafka_connection import Cluster, reason
from libs.common.bus.kafka_lifecycle import end_producer, start_within
from libs.common.bus.kafka_logs import Outage
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.kafka_topics import MAX_BATCH_BYTES
from libs.common.bus.port import Message, MessageTooLarge
from libs.common.errors import EngineRefused, Unavailable

_LOOK_S = 1.0
_FIRST_WAIT_S = 0.1
_MAX_WAIT_S = 2.0
_REFUSED_BEFORE = (  # it got a number in the sequence, so that there is no gap
    errors.MessageSizeTooLargeError,
    errors.TopicAuthorizationFailedError,
    errors.UnknownTopicOrPartitionError,
)
_RECORD_BYTES = 100  # what a message takes beside its key and value, roughly


class Producer:
    """Publishes until it is closed, through one client of aiokafka after the other.

    A client is replaced when it failed for good (an idempotent one never recovers from a gap in its sequence) or
    when something has waited too long. What it still held is then given up: nothing arrives minutes later.
    """

    def __init__(self, cluster: Cluster, topics: Sequence[str], options: KafkaOptions) -> None:
        self._cluster = cluster
        self._topics = [cluster.url.topic(topic) for topic in topics]
        self._options = options
        self._client: AIOKafkaProducer | None = None
        self._down = f"Kafka at {cluster.url.addresses}: it is not connected yet"
        self._decided = asyncio.Event()
        self._decided.set()
        self._retired = asyncio.Event()
        self._pending: dict[_Pending, None] = {}
        self._pending_bytes = 0
        self._outage = Outage("kafka_producer", servers=cluster.url.addresses)
        self._keeper: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises EngineRefused, Unavailable."""
        self._client = await self._connect()
        self._keeper = periodic.start("keep the producer", self._keep())

    async def close(self, timeout_s: float) -> None:
        """Sends what waits, if that is possible within the time-out."""
        if self._keeper:
            await periodic.cancel([self._keeper])
        client, self._client, self._down = self._client, None, "the connection to Kafka is closed"
        self._decided.set()
        if client:
            self._end(client, timeout_s)
        await asyncio.gather(*self._endings)

    async def publish(self, messages: Sequence[Message], timeout_s: float | None = None) -> None:
        """In order per key. Raises MessageTooLarge, Unavailable: then some or all may have arrived nevertheless."""
        timeout_s = timeout_s or self._options.publish_timeout_s
        pending = self._admit(messages, timeout_s)
        try:
            await self._send(messages, pending)
            in_time = await pending.outcome
        except errors.KafkaError as error:
            if not isinstance(error, _REFUSED_BEFORE):
                self._suspect(pending.client)
            raise self._failure(messages, error) from None
        if not in_time:
            raise self._unknown(f"it did not acknowledge a message within {timeout_s:g} s")
        if pending.error is not None:
            raise self._failure(messages, pending.error)

    def _admit(self, messages: Sequence[Message], timeout_s: float) -> _Pending:
        size_bytes = 0
        for message in messages:
            size_bytes += len(message.value) + len(message.key) + _RECORD_BYTES
        if self._pending_bytes and self._pending_bytes + size_bytes > self._options.pending_bytes:
            raise self._cluster.unavailable("too many messages wait to be acknowledged already")
        pending = _Pending(self, size_bytes, timeout_s)
        self._pending[pending] = None
        self._pending_bytes += size_bytes
        return pending

    async def _send(self, messages: Sequence[Message], pending: _Pending) -> None:
        """Waits where a topic is not known yet or a batch is full, for as long as a publish may take."""
        try:
            client: AIOKafkaProducer = self._client or await self._connected()
            pending.client = client
            for message in messages:
                if pending.outcome.done():
                    break
                if pending.client is not self._client:
                    raise errors.ProducerClosed
                topic, key = self._cluster.url.topic(message.topic), message.key.encode()
                # With a partition given, aiokafka needn't list them all for each message.
                known = client.client.cluster.partitions_for_topic(topic) or await self._learn(client, topic)
                partition = crc32(key) % len(known)
                pending.add(await client.send(topic, message.value, key, partition))
        finally:
            pending.release()

    async def _learn(self, client: AIOKafkaProducer, topic: str) -> set[int]:
        """For a topic that was missing when the client connected. A client that is retired meanwhile never answers."""
        learning = asyncio.ensure_future(client.partitions_for(topic))
        retired = asyncio.ensure_future(self._retired.wait())
        try:
            timeout_s = self._options.publish_timeout_s
            await asyncio.wait([learning, retired], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not learning.done():
                raise errors.ProducerClosed if retired.done() else errors.UnknownTopicOrPartitionError
            partitions: set[int] = learning.result()
            return partitions
        finally:
            learning.cancel()
            retired.cancel()

    async def _connected(self) -> AIOKafkaProducer:
        """Waits for a client that is being replaced; raises Unavailable once that failed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._decided.wait(), self._options.publish_timeout_s)
        if self._client is None:
            raise Unavailable("bus_unavailable", self._down)
        return self._client

    def settled(self, pending: _Pending) -> None:
        del self._pending[pending]
        self._pending_bytes -= pending.size_bytes
        if pending.error is not None:
            self._suspect(pending.client)

    def _suspect(self, client: AIOKafkaProducer | None) -> None:
        if client is self._client:
            self._retire("a message failed")

    def _retire(self, why: str) -> None:
        """From now on publishing waits for the next client."""
        client, self._client = self._client, None
        if client:
            self._decided.clear()
            self._outage.lost(why)
            self._end(client, _LOOK_S)
            self._retired.set()

    def _failure(self, messages: Sequence[Message], error: BaseException) -> Exception:
        if isinstance(error, errors.MessageSizeTooLargeError):
            return MessageTooLarge(max(messages, key=lambda message: len(message.value)), "its topic in Kafka")
        return self._unknown(reason(error))

    def _unknown(self, why: str) -> Unavailable:
        return self._cluster.unavailable(f"{why}; whether it was taken is unknown")

    async def _connect(self) -> AIOKafkaProducer:
        async with self._cluster.connection():
            client = self._new_client()
        try:
            await start_within(self._options.request_timeout_s, client)
            async with asyncio.timeout(self._options.request_timeout_s):
                await client.client.set_topics(self._topics)
        except BaseException as error:
            await end_producer(client, 0)
            if isinstance(error, errors.ClusterAuthorizationFailedError):
                raise EngineRefused(f"Kafka at {self._cluster.url.addresses}: {reason(error)}") from None
            if isinstance(error, TimeoutError | errors.KafkaError):
                raise self._cluster.unavailable(
                    "it answers, but takes no producer: it is slow, or can't be reached at the addresses that it names "
                    "(advertised.listeners)"
                ) from None
            raise
        return client

    def _new_client(self) -> AIOKafkaProducer:
        """No linger: what comes while a request is under way is the next one's batch, and that suffices.

        No compression: aiokafka's lz4 is at level 9 and costs more than all the rest of a message.
        """
        options = self._options
        settings: dict[str, Any] = self._cluster.settings(options.publish_timeout_s)
        return AIOKafkaProducer(
            **settings,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=MAX_BATCH_BYTES,
            metadata_max_age_ms=round(options.metadata_max_age_s * 1000),
        )

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._retired.wait(), _LOOK_S)
            self._give_up_overdue()
            if self._client is None:
                await self._reconnect()

    def _give_up_overdue(self) -> None:
        """What a client holds too long costs it its place; what an earlier one left behind is forgotten."""
        now = time.monotonic()
        for pending in list(self._pending):
            if now - pending.since <= self._options.replace_after_s:
                break
            if pending.client is None or pending.client is not self._client:
                pending.give_up()
            else:
                self._retire("messages wait for too long")

    async def _reconnect(self) -> None:
        self._retired.clear()
        wait_s = _FIRST_WAIT_S
        while self._client is None:
            try:
                self._client = await self._connect()
            except (EngineRefused, Unavailable) as error:
                self._down = str(error)
                self._decided.set()
                await asyncio.sleep(wait_s)
                wait_s = min(_MAX_WAIT_S, wait_s * 2)
        self._outage.over()
        self._decided.set()

    def _end(self, client: AIOKafkaProducer, timeout_s: float) -> None:
        task = periodic.start("end a producer", self._end_and_forget(client, timeout_s))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _end_and_forget(self, client: AIOKafkaProducer, timeout_s: float) -> None:
        await end_producer(client, timeout_s)
        for pending in [each for each in self._pending if each.client is client]:
            pending.give_up()


class _Pending:
    """The messages of one publish, held until each is acknowledged or failed, also when nobody waits any more."""

    __slots__ = ("_holds", "_owner", "_settled", "_timer", "client", "error", "outcome", "since", "size_bytes")

    def __init__(self, owner: Producer, size_bytes: int, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        self.size_bytes = size_bytes
        self.since = time.monotonic()
        self.outcome: asyncio.Future[bool] = loop.create_future()
        self.client: AIOKafkaProducer | None = None
        self.error: BaseException | None = None
        self._owner = owner
        self._holds = 1
        self._settled = False
        self._timer = loop.call_later(timeout_s, self._decide, False)

    def give_up(self) -> None:
        """Its client is gone: nothing will settle it."""
        self.error = self.error or errors.ProducerClosed()
        self._holds = 1
        self.release()

    def add(self, acknowledged: asyncio.Future[Any]) -> None:
        self._holds += 1
        acknowledged.add_done_callback(self._settle)

    def release(self) -> None:
        self._holds -= 1
        if not self._holds and not self._settled:
            self._settled = True
            self._timer.cancel()
            self._owner.settled(self)
            self._decide(True)

    def _settle(self, acknowledged: asyncio.Future[Any]) -> None:
        error = acknowledged.exception()  # looked at in any case, or it is logged as forgotten
        self.error = self.error or error
        self.release()

    def _decide(self, in_time: bool) -> None:
        if not self.outcome.done():
            self.outcome.set_result(in_time)
