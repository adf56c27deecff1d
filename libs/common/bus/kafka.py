"""The Kafka bus driver, on aiokafka: one producer, a consumer per group and topic, one consumer for all followers."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.kafka_url import parse_kafka_url
from libs.common.bus.port import TopicSpec


class KafkaBus:
    """`libs.common.bus.port.Bus` on a Kafka cluster. `topics` are all that it needs, `topic_specs()` for the product.

    Raises EngineRefused for a URL that is malformed.
    """

    def __init__(self, url: str, topics: Sequence[TopicSpec], options: KafkaOptions | None = None) -> None:
        self._url = parse_kafka_url(url)
        self._topics = topics
        self._options = options or KafkaOptions()
