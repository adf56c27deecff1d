"""The Kafka bus driver, on aiokafka: one producer, a consumer per group and topic, one consumer for all followers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from libs.common.bus.dead_letters import dead_letter
from libs.common.bus.kafka_connection import Cluster
from libs.common.bus.kafka_consumer import GroupConsumer
from libs.common.bus.kafka_follower import Followers
from libs.common.bus.kafka_logs import quiet_client
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.kafka_producer import Producer
from libs.common.bus.kafka_topics import HEARTBEATS, ailment, create_missing
from libs.common.bus.kafka_url import parse_kafka_url
from libs.common.bus.lanes import Delivery
from libs.common.bus.port import BatchHandler, FollowHandler, Message, MessageTooLarge, TopicSpec, check_size
from libs.common.errors import Unavailable


class KafkaBus:
    """`libs.common.bus.port.Bus` on a Kafka cluster. `topics` are all that it needs, `topic_specs()` for the product.

    Raises EngineRefused for a URL that is malformed.
    """

    def __init__(self, url: str, topics: Sequence[TopicSpec], options: KafkaOptions | None = None) -> None:
        self._options = options = options or KafkaOptions()
        self._topics = topics
        self._cluster = Cluster(parse_kafka_url(url), request_timeout_s=options.request_timeout_s)
        self._producer = Producer(self._cluster, [spec.name for spec in [*topics, HEARTBEATS]], options)
        self._followers = Followers(self._cluster, options)
        self._consumers: list[GroupConsumer] = []
        self._started: list[GroupConsumer] = []
        self._ping: asyncio.Task[None] | None = None
        self.published = 0
        quiet_client()

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            check_size(message)
        await self._producer.publish(messages)
        self.published += len(messages)

    def subscribe(self, topic: str, group: str, handler: BatchHandler, *, max_batch: int = 500) -> None:
        delivery = Delivery(handler, partial(self._set_aside, group), self._options.retries, max_batch)
        self._consumers.append(GroupConsumer(self._cluster, topic, group, delivery, self._options))

    def follow(self, topic: str, handler: FollowHandler) -> None:
        self._followers.add(topic, handler)

    async def start(self) -> None:
        """Ready to publish, and nothing said from now on escapes a follower; groups are joined behind its back.

        Raises EngineRefused for what can't be mended by waiting, else Unavailable; then it may be started again.
        """
        await create_missing(self._cluster, self._topics)
        try:
            await self._producer.start()
            await self._followers.start()
        except BaseException:
            await self.close()
            raise
        for consumer in self._consumers:
            consumer.start()
            self._started.append(consumer)

    async def close(self) -> None:
        """The producer last, for handlers that are finishing may publish."""
        consumers, self._started = self._started, []
        await asyncio.gather(self._followers.close(), *(consumer.close() for consumer in consumers))
        if self._ping:
            await asyncio.gather(self._ping, return_exceptions=True)
        await self._producer.close(self._options.grace_s)

    async def ping(self) -> None:
        """Publishes a message of its own; whoever asks meanwhile shares the answer."""
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._heartbeat(), name="ping Kafka")
            self._ping.add_done_callback(_retrieve)
        await asyncio.shield(self._ping)

    async def _heartbeat(self) -> None:
        try:
            await self._producer.publish([Message(HEARTBEATS.name, "", b"")], self._options.ping_timeout_s)
        except Unavailable as error:
            raise await ailment(self._cluster) or error from None

    async def _set_aside(self, group: str, message: Message, error: Exception) -> None:
        """A dead letter may be larger than other messages; one that is too large even so goes without the value."""
        try:
            await self._producer.publish([dead_letter(message, group, error)])
        except MessageTooLarge:
            await self._producer.publish([dead_letter(message, group, error, whole=False)])


def _retrieve(task: asyncio.Task[None]) -> None:
    """Everyone who asked may have gone away meanwhile."""
    if not task.cancelled():
        task.exception()
