"""Kafka for the conformance suites: the store in memory, and topics of its own for every test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from libs.common.bus.dead_letters import dead_letter_topic
from libs.common.bus.kafka import KafkaBus
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.lanes import Retries
from libs.common.bus.port import TopicSpec
from libs.common.ids import new_id
from libs.common.sqlite import Database
from libs.common.sqlite_file import MEMORY
from libs.common.store.sqlite import SqliteStore
from tests.clock import FakeClock
from tests.common.conformance.bus_suite import TOPIC
from tests.common.conformance.engine import Opened

OPTIONS = KafkaOptions(
    session_timeout_s=2.0,
    commit_interval_s=0.05,
    grace_s=0.3,
    retries=Retries(first_wait_s=0, max_wait_s=0),
)
PARTITIONS = 3


def topic(name: str, *, partitions: int = PARTITIONS, compacted: bool = False) -> TopicSpec:
    return TopicSpec(name, partitions, timedelta(hours=1), compacted)


TOPICS = (topic(TOPIC), topic("suite.others"), dead_letter_topic(TOPIC))


class KafkaEngine:
    """`url` names no prefix; each engine takes a new one, as if the cluster were empty."""

    def __init__(self, url: str, options: KafkaOptions = OPTIONS, topics: Sequence[TopicSpec] = TOPICS) -> None:
        self.clock = FakeClock()
        self.database = Database(MEMORY)
        self.url = f"{url}/t{new_id()}"
        self.topics = topics
        self._options = options
        self._opened: list[KafkaBus] = []

    async def open(self) -> Opened:
        if not self._opened:
            await self.database.start()
        bus = self.member()
        return Opened(SqliteStore(self.database, self.clock), bus)

    def member(self, **changes: object) -> KafkaBus:
        """A bus as another process has it."""
        bus = KafkaBus(self.url, self.topics, replace(self._options, **changes))  # type: ignore[arg-type]
        self._opened.append(bus)
        return bus

    async def close(self) -> None:
        for bus in self._opened:
            await bus.close()

    async def release(self) -> None:
        await self.close()
        await self.database.close()
