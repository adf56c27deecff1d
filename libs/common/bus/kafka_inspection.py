"""What an operator is told of a cluster: whether it takes messages, how its topics are, which groups fall behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition, errors
from aiokafka.admin import AIOKafkaAdminClient
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from libs.common.bus.kafka_connection import Cluster, reason
from libs.common.bus.kafka_lifecycle import end_consumer, start_within
from libs.common.bus.kafka_logs import quiet_client
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.kafka_producer import Producer
from libs.common.bus.kafka_topics import HEARTBEATS, ailment, create_missing, inspect_topics
from libs.common.bus.kafka_url import KafkaUrl, parse_kafka_url
from libs.common.bus.port import Message, TopicSpec
from libs.common.findings import Finding, Level, examined, fail, ok, warn

_OPTIONS = KafkaOptions(publish_timeout_s=4.0, request_timeout_s=4.0)
_MUCH_LAG = 1000
_once_loaded = AsyncRetrying(
    retry=retry_if_exception_type(errors.GroupLoadInProgressError),
    wait=wait_fixed(0.1),
    stop=stop_after_delay(3),
    reraise=True,
)
_NO_SUCH_GROUP = (errors.GroupCoordinatorNotAvailableError, errors.NotCoordinatorForGroupError)


async def create_topics(url: str, topics: Sequence[TopicSpec]) -> dict[str, bool]:
    """Every topic that is needed, by its name in the cluster, and whether it was made just now.

    Raises EngineRefused, Unavailable.
    """
    cluster = _cluster(url)
    made = await create_missing(cluster, topics)
    names = [cluster.url.topic(spec.name) for spec in (*topics, HEARTBEATS)]
    return {name: name in made for name in names}


async def differences(url: str, topics: Sequence[TopicSpec]) -> list[Finding]:
    """What of the topics is not as described; it takes no right but to look. Raises EngineRefused, Unavailable."""
    return await inspect_topics(_cluster(url), topics)


async def inspect_cluster(
    url: str, topics: Sequence[TopicSpec], heard: Sequence[tuple[str, str]] = ()
) -> list[Finding]:
    """`heard` are the topics that groups are for, each with the group. Nothing is changed but for one heartbeat."""
    reached = await examined("bus", lambda: _reach(url))
    if any(finding.level is Level.FAIL for finding in reached):
        return reached
    cluster = _cluster(url)
    found = await asyncio.gather(
        examined("publishing", lambda: _publish(cluster)),
        examined("topics", lambda: _topics(cluster, topics)),
        examined("groups", lambda: _groups(cluster, heard)),
    )
    return [*reached, *(finding for findings in found for finding in findings)]


async def _reach(url: str) -> list[Finding]:
    cluster = _cluster(url)
    async with cluster.connection():
        return [ok("bus", f"Kafka at {cluster.url.addresses} answers{_as_whom(cluster.url)}")]


def _as_whom(url: KafkaUrl) -> str:
    return f" the user '{url.user}'" if url.user else ""


async def _topics(cluster: Cluster, topics: Sequence[TopicSpec]) -> list[Finding]:
    return await inspect_topics(cluster, topics) or [ok("topics", "all there, as they should be")]


async def _publish(cluster: Cluster) -> list[Finding]:
    if (down := await ailment(cluster, _OPTIONS.request_timeout_s)) is not None:
        return [fail("publishing", down.message)]
    producer = Producer(cluster, [HEARTBEATS.name], _OPTIONS)
    await producer.start()
    try:
        await producer.publish([Message(HEARTBEATS.name, "", b"")])
    finally:
        await producer.close(0)
    return [ok("publishing", "a message was acknowledged")]


async def _groups(cluster: Cluster, heard: Sequence[tuple[str, str]]) -> list[Finding]:
    if not heard:
        return []
    names = {cluster.url.group(group, topic): cluster.url.topic(topic) for topic, group in heard}
    async with _admin(cluster) as admin, _consumer(cluster) as consumer:
        findings: list[Finding | None] = [
            await _once_loaded(_group, admin, consumer, group, topic) for group, topic in names.items()
        ]
    return [finding for finding in findings if finding]


async def _group(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topic: str) -> Finding | None:
    try:
        members = await _members(admin, group)
        lag = await _lag(admin, consumer, group, topic)
    except errors.GroupAuthorizationFailedError:
        return warn("groups", f"the group {group} may not be looked at: grant this user Describe on it")
    except errors.UnknownTopicOrPartitionError:
        return None  # where topics are examined, it is told that this one is missing
    waiting = f"{lag} messages wait in {topic}"
    if not members:
        return warn("groups", f"the group {group} has no members, and {waiting}: start a process of that service")
    if lag > _MUCH_LAG:
        return warn("groups", f"the group {group} is behind, and {waiting}: add processes, or see their logs")
    return ok("groups", f"{group} has {members} members; {waiting}")


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    try:
        (answer,) = await admin.describe_consumer_groups([group])
    except _NO_SUCH_GROUP:
        return 0
    ((code, *_, members),) = [described[:6] for described in answer.groups]
    if code and (error := errors.for_code(code)) not in (*_NO_SUCH_GROUP, errors.GroupIdNotFound):
        raise error
    return len(members)


async def _lag(admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, group: str, topic: str) -> int:
    """Where nothing was committed, a group begins with the oldest message that is still there."""
    (described,) = await admin.describe_topics([topic])
    if described["error_code"]:
        raise errors.for_code(described["error_code"])
    partitions = [TopicPartition(topic, each["partition"]) for each in described["partitions"]]
    ends, begins = await asyncio.gather(consumer.end_offsets(partitions), consumer.beginning_offsets(partitions))
    committed = await _committed(admin, group)
    return sum(max(0, ends[each] - max(begins[each], committed.get(each, 0))) for each in partitions)


async def _committed(admin: AIOKafkaAdminClient, group: str) -> Mapping[TopicPartition, int]:
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except _NO_SUCH_GROUP:
        return {}
    return {partition: each.offset for partition, each in offsets.items()}


@asynccontextmanager
async def _admin(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """Raises Unavailable, also for what goes wrong while it is used."""
    admin = AIOKafkaAdminClient(**cluster.settings())
    try:
        await admin.start()
        yield admin
    except (errors.KafkaError, OSError) as error:
        raise cluster.unavailable(reason(error)) from None
    finally:
        await admin.close()


@asynccontextmanager
async def _consumer(cluster: Cluster) -> AsyncIterator[AIOKafkaConsumer]:
    """It only asks for positions."""
    settings: dict[str, Any] = cluster.settings()
    consumer = AIOKafkaConsumer(**settings, enable_auto_commit=False)
    try:
        await start_within(_OPTIONS.request_timeout_s, consumer)
        yield consumer
    finally:
        await end_consumer(consumer, _OPTIONS.grace_s)


def _cluster(url: str) -> Cluster:
    quiet_client()
    return Cluster(parse_kafka_url(url), request_timeout_s=_OPTIONS.request_timeout_s)
