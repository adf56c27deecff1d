"""Topics that are missing, different or forbidden, and ways into the cluster that are closed: each in a sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.kafka_inspection import create_topics, inspect_cluster
from libs.common.bus.kafka_options import KafkaOptions
from libs.common.bus.port import TopicSpec
from libs.common.errors import EngineRefused, Unavailable
from libs.common.findings import Level
from libs.common.ids import new_id
from tests.common.conformance.bus_suite import TOPIC, message
from tests.common.conformance.engine import Inbox, until, until_async
from tests.common.conformance.kafka_admin import KafkaAdmin, kafka_admin
from tests.common.conformance.kafka_engine import TOPICS, topic
from tests.common.conformance.secured_kafka import PASSWORD, PLAIN_USER, SCRAM_USER, secured_kafka
from tests.engines.fixtures import EngineUrls
from tests.engines.native_kafka import NativeKafka

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

QUICK = KafkaOptions(request_timeout_s=2.0)
LIMIT = {"max_message_bytes": "1048588"}


@pytest.fixture
def url(engine_urls: EngineUrls) -> str:
    return f"{engine_urls.bus}/t{new_id()}?replication=1"


@pytest.fixture
async def admin(url: str) -> AsyncIterator[KafkaAdmin]:
    async with kafka_admin(url) as admin:
        yield admin


async def test_missing_topics_are_made_as_they_are_described(url: str, admin: KafkaAdmin) -> None:
    prefix = url.rpartition("/")[2].partition("?")[0]
    wanted = [topic(TOPIC, partitions=7), topic("suite.kept", compacted=True)]
    names = [f"{prefix}.{name}" for name in (TOPIC, "suite.kept", "bus.heartbeats")]
    assert "lacks topics" in await said(url, wanted)
    assert await create_topics(url, wanted) == dict.fromkeys(names, True)
    assert await admin.partitions(TOPIC) == 7
    assert await said(url, wanted) == ""
    assert await create_topics(url, wanted) == dict.fromkeys(names, False)


async def test_topics_that_differ_are_told(url: str, admin: KafkaAdmin) -> None:
    await create_topics(url, [topic(TOPIC)])
    await admin.configure(TOPIC, retention_ms="1000", cleanup_policy="compact", **LIMIT)
    wanted = [topic(TOPIC, partitions=9)]
    await until_async(lambda: is_said("retention.ms=1000 instead of 3600000", url, wanted))
    told = await said(url.replace("replication=1", "replication=2"), wanted)
    assert f"{TOPIC} has 3 partitions instead of 9" in told
    assert f"{TOPIC} is kept 1 times instead of 2" in told
    assert f"{TOPIC} has cleanup.policy=compact instead of delete" in told
    assert await is_said("has 1 of the 3 brokers", url.partition("?")[0], wanted)


async def test_a_topic_with_too_low_a_limit_is_refused_at_the_start(url: str, admin: KafkaAdmin) -> None:
    await create_topics(url, [topic(TOPIC)])
    await admin.configure(TOPIC, max_message_bytes="100000")
    await until_async(lambda: is_said("takes 100000 bytes at most", url, [topic(TOPIC)]))
    with pytest.raises(EngineRefused, match=rf"{TOPIC} takes 100000 bytes at most, .* set its max.message.bytes to"):
        await KafkaBus(url, [topic(TOPIC)]).start()


async def is_said(words: str, url: str, topics: Sequence[TopicSpec]) -> bool:
    return words in await said(url, topics)


async def said(url: str, topics: Sequence[TopicSpec]) -> str:
    """What is wrong, each finding a line with its level."""
    found = await inspect_cluster(url, topics)
    return "\n".join(f"{finding.level}: {finding.what}" for finding in found if finding.level is not Level.OK)


async def test_a_message_for_a_topic_that_is_gone_is_refused_in_time(url: str, admin: KafkaAdmin) -> None:
    bus = KafkaBus(url, [topic(TOPIC)], replace(QUICK, publish_timeout_s=1.0))
    await bus.start()
    with pytest.raises(Unavailable, match="a topic is missing: make it with"):
        await bus.publish([message(b"1", topic="suite.nowhere")])
    await admin.create_topic("suite.nowhere", 1)
    await until_async(lambda: takes(bus, "suite.nowhere"))
    await bus.close()


async def takes(bus: KafkaBus, name: str) -> bool:
    try:
        await bus.publish([message(b"1", topic=name)])
    except Unavailable:
        return False
    return True


async def test_more_replicas_than_brokers_are_refused(url: str) -> None:
    with pytest.raises(EngineRefused, match=rf"doesn't make the topic .*{TOPIC}"):
        await KafkaBus(url.replace("replication=1", "replication=3"), [topic(TOPIC)]).start()


async def test_a_cluster_that_is_not_there_is_told() -> None:
    assert await said("kafka://127.0.0.1:1", TOPICS) == (
        "fail: Kafka at 127.0.0.1:1: it can't be reached (127.0.0.1:1: it refuses connections)"
    )
    sentence = await said("kafka://ada:secret@", TOPICS)
    assert sentence.startswith("fail: BUS_URL is not of the form")
    assert "secret" not in sentence


async def test_every_closed_way_into_a_cluster_is_told_in_a_sentence(
    own_kafka: Callable[[dict[str, str]], NativeKafka], tmp_path: Path
) -> None:
    kafka = await secured_kafka(own_kafka, tmp_path)
    ada, grace = (f"{user}:{quote(PASSWORD, safe='')}" for user in (SCRAM_USER, PLAIN_USER))
    host, prefix = "127.0.0.1", f"t{new_id()}"
    refusals = {
        f"kafka://{ada}x@{host}:{kafka.sasl}": "refuses the user 'ada' or the password",
        f"kafka://{grace}x@{host}:{kafka.sasl}?sasl=PLAIN": "refuses the user 'grace' or the password",
        f"kafka://{ada}@{host}:{kafka.sasl}?sasl=SCRAM-SHA-256": "doesn't offer SCRAM-SHA-256",
        f"kafka://{host}:{kafka.sasl}": r"wants a user and a password \(.*SCRAM-SHA-512",
        f"kafka://{ada}@{host}:{kafka.plain}": "has no users on this port",
        f"kafka://{host}:{kafka.plain}?tls=true": "doesn't speak TLS on this port",
        f"kafka://{host}:{kafka.tls}": "speaks TLS on this port",
        f"kafka://{host}:{kafka.tls}?tls=true": r"a certificate that isn't trusted \(.*\): set 'ca'",
        f"kafka://{host}:{kafka.tls}?tls=true&ca={tmp_path}/none.pem": "none.pem', which can't be used",
        f"kafka://{grace}@{host}:{kafka.sasl}/{prefix}?sasl=PLAIN": "'grace' may not make it: run `python -m services",
        f"kafka://{grace}@{host}:{kafka.sasl}/other?sasl=PLAIN": "'grace' may not see the topic other.suite.events",
    }
    for url, sentence in refusals.items():
        with pytest.raises(EngineRefused, match=sentence) as refused:
            await KafkaBus(url, TOPICS, QUICK).start()
        assert PASSWORD not in str(refused.value)
        assert quote(PASSWORD, safe="") not in str(refused.value)


async def test_users_and_tls_are_spoken(own_kafka: Callable[[dict[str, str]], NativeKafka], tmp_path: Path) -> None:
    kafka = await secured_kafka(own_kafka, tmp_path)
    ada, prefix = f"{SCRAM_USER}:{quote(PASSWORD, safe='')}", f"t{new_id()}"
    await create_topics(f"kafka://127.0.0.1:{kafka.plain}/{prefix}", TOPICS)
    for url in (
        f"kafka://{ada}@127.0.0.1:{kafka.sasl}/{prefix}",
        f"kafka://127.0.0.1:{kafka.tls}/{prefix}?tls=true&ca={kafka.ca_file}",
    ):
        inbox = Inbox()
        bus = KafkaBus(url, TOPICS, QUICK)
        bus.subscribe(TOPIC, f"group{new_id()}", inbox)
        await bus.start()
        await bus.publish([message(url.encode())])
        await until(lambda url=url, inbox=inbox: url.encode() in inbox.values)
        await bus.close()
