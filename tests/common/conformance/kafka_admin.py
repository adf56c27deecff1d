"""What an operator does to a Kafka cluster behind the product's back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.protocol.admin import DeleteGroupsRequest

from libs.common.bus.kafka_url import parse_kafka_url
from tests.common.conformance.engine import until_async


class KafkaAdmin:
    """Topics and groups by the names that the product gives them under this URL."""

    def __init__(self, url: str, client: AIOKafkaAdminClient) -> None:
        self._url = parse_kafka_url(url)
        self._client = client

    async def committed(self, topic: str, group: str) -> dict[int, int]:
        offsets = await self._client.list_consumer_group_offsets(self._url.group(group, topic))
        return {partition.partition: each.offset for partition, each in offsets.items()}

    async def delete_group(self, topic: str, group: str) -> None:
        """Possible once its last member has left."""
        name = self._url.group(group, topic)

        async def deleted() -> bool:
            answer = await self._client._send_request(DeleteGroupsRequest([name]))
            return all(code == 0 for _, code in answer.results)

        await until_async(deleted)

    async def create_topic(self, topic: str, partitions: int, **config: str) -> None:
        settings = {name.replace("_", "."): value for name, value in config.items()}
        answer = await self._client.create_topics(
            [NewTopic(self._url.topic(topic), partitions, 1, topic_configs=settings)]
        )
        assert all(code == 0 for _, code, *_ in answer.topic_errors), answer

    async def delete_topic(self, topic: str) -> None:
        name = self._url.topic(topic)
        await self._client.delete_topics([name])

        async def gone() -> bool:
            (described,) = await self._client.describe_topics([name])
            return bool(described["error_code"])

        await until_async(gone)

    async def partitions(self, topic: str) -> int:
        (described,) = await self._client.describe_topics([self._url.topic(topic)])
        return len(described["partitions"])

    async def add_partitions(self, topic: str, count: int) -> None:
        await self._client.create_partitions({self._url.topic(topic): NewPartitions(count)})

    async def delete_records(self, topic: str, partition: int, before: int) -> None:
        where = TopicPartition(self._url.topic(topic), partition)
        await self._client.delete_records({where: RecordsToDelete(before)})

    async def configure(self, topic: str, **config: str) -> None:
        settings = {name.replace("_", "."): value for name, value in config.items()}
        resource = ConfigResource(ConfigResourceType.TOPIC, self._url.topic(topic), settings)
        (answer,) = await self._client.alter_configs([resource])
        assert all(code == 0 for code, *_ in answer.resources), answer


@asynccontextmanager
async def kafka_admin(url: str) -> AsyncIterator[KafkaAdmin]:
    client = AIOKafkaAdminClient(bootstrap_servers=list(parse_kafka_url(url).servers))
    await client.start()
    try:
        yield KafkaAdmin(url, client)
    finally:
        await client.close()
