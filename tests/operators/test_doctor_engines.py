"""What the doctor and `topics` say of a MongoDB and a Kafka."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.kafka_inspection import create_topics, inspect_cluster
from libs.common.bus.port import Message
from libs.common.clock import Clock, SystemClock
from libs.common.engines import create_topics as create_all_topics
from libs.common.engines import inspect_store, open_store
from libs.common.errors import EngineRefused
from libs.common.findings import Finding, Level
from libs.common.ids import new_id
from libs.common.settings import Settings
from services.doctor.engines import examine_store
from services.roles import parse_roles
from services.topics import make_topics
from tests.common.conformance.engine import Inbox, until_async
from tests.common.conformance.kafka_admin import kafka_admin
from tests.common.conformance.kafka_engine import OPTIONS, topic
from tests.engines.fixtures import EngineUrls
from tests.engines.native_kafka import NativeKafka
from tests.engines.native_mongo import NativeMongo
from tests.operators.examination import Doctor, Told, arguments

pytestmark = pytest.mark.engines
TOPIC, GROUP = "suite.events", "readers"


@pytest.fixture
def urls(engine_urls: EngineUrls) -> dict[str, str]:
    prefix = f"t{new_id()[-12:]}"
    return {"store_url": f"{engine_urls.store}/{prefix}", "bus_url": f"{engine_urls.bus}/{prefix}?replication=1"}


async def test_topics_that_are_missing_are_told_and_made(
    doctor: Doctor, urls: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = await doctor(**urls)
    assert "groups" not in before.about
    assert (before.code, "`python -m services topics` makes them" in before.about["topics"]) == (1, True)
    assert await make_topics(Settings(**urls), arguments()) == 0
    assert "webhooks.notifications\n" in capsys.readouterr().out
    after = await _without_failures(doctor, urls)
    assert after.about["topics"] == "ok: all there, as they should be\n"
    assert after.about["publishing"] == "ok: a message was acknowledged\n"
    assert "has no members, and 0 messages wait" in after.about["groups"]
    assert "is a replica set of 1" in after.about["members"]


async def _without_failures(doctor: Doctor, urls: dict[str, str]) -> Told:
    """A broker that has just started, and made its first topics, can be slow to take its first message."""
    while (found := await doctor(**urls)).code:
        pass
    return found


async def test_topics_are_made_once(urls: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    await make_topics(Settings(**urls), arguments())
    made = capsys.readouterr().out.splitlines()
    assert made[-1] == f"{len(made) - 1} of {len(made) - 1} topics were made."
    assert await make_topics(Settings(**urls), arguments()) == 0
    there = capsys.readouterr().out.splitlines()
    assert [line[:7] for line in there[:-1]] == ["there  "] * (len(made) - 1)


async def test_topics_wait_for_a_broker_that_comes_up(
    own_kafka: Callable[..., NativeKafka], capsys: pytest.CaptureFixture[str]
) -> None:
    broker = await asyncio.to_thread(own_kafka)
    await asyncio.to_thread(broker.kill)
    making = asyncio.create_task(make_topics(Settings(bus_url=f"{broker.url}?replication=1"), arguments()))
    said: list[str] = []

    async def is_waiting() -> bool:
        said.append(capsys.readouterr().err)
        return "it refuses connections); trying again for " in "".join(said)

    await until_async(is_waiting)
    await asyncio.to_thread(broker.start)
    assert await making == 0


async def test_a_topic_that_is_not_as_it_should_be_is_told_and_left(
    doctor: Doctor, urls: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    async with kafka_admin(urls["bus_url"]) as admin:
        await admin.create_topic("webhooks.notifications", 2, retention_ms="1000", max_message_bytes="1048588")
        assert await make_topics(Settings(**urls), arguments()) == 0
        assert "has 2 partitions instead of 24" in capsys.readouterr().out
        found = await _without_failures(doctor, urls)
        assert await admin.partitions("webhooks.notifications") == 2
    assert "warn: the topic" in found.about["topics"]
    assert "has retention.ms=1000 instead of 259200000" in found.about["topics"]


async def test_a_cluster_that_takes_only_small_messages_fails(doctor: Doctor, urls: dict[str, str]) -> None:
    await create_all_topics(urls["bus_url"])
    async with kafka_admin(urls["bus_url"]) as admin:
        await admin.configure("identity.keys", max_message_bytes="2048")

        async def is_told() -> bool:
            return "takes 2048 bytes at most" in (await doctor(**urls)).about["topics"]

        await until_async(is_told)


async def test_a_group_is_told_that_nobody_is_in_and_how_much_waits(urls: dict[str, str]) -> None:
    url = urls["bus_url"]
    await create_topics(url, [topic(TOPIC)])
    bus = KafkaBus(url, [topic(TOPIC)], OPTIONS)
    await bus.start()
    await bus.publish([Message(TOPIC, str(number), b"{}") for number in range(7)])
    (finding,) = await _groups(url)
    assert (finding.level, "has no members, and 7 messages wait in" in finding.what) == (Level.WARN, True)
    await bus.close()

    reading = KafkaBus(url, [topic(TOPIC)], OPTIONS)
    reading.subscribe(TOPIC, GROUP, Inbox())
    await reading.start()

    async def is_well() -> bool:
        (finding,) = await _groups(url)
        return finding.level is Level.OK and " has 1 members; 0 messages wait" in finding.what

    await until_async(is_well)
    await reading.close()


async def _groups(url: str) -> list[Finding]:
    found = await inspect_cluster(url, [topic(TOPIC)], [(TOPIC, GROUP)])
    return [finding for finding in found if finding.of == "groups"]


async def test_a_cluster_without_any_group_yet_is_told(own_kafka: Callable[..., NativeKafka]) -> None:
    broker = await asyncio.to_thread(own_kafka)
    url = f"{broker.url}/fresh?replication=1"
    await create_topics(url, [topic(TOPIC)])
    (finding,) = await _groups(url)
    assert finding.what.startswith(f"the group fresh.{GROUP}.{TOPIC} has no members, and 0 messages wait")


async def test_tls_where_there_is_none_is_told(doctor: Doctor, urls: dict[str, str]) -> None:
    given = {"store_url": f"{urls['store_url']}?tls=true", "bus_url": f"{urls['bus_url']}&tls=true"}
    found = await doctor(**given)
    assert found.code == 1
    assert "doesn't speak TLS on this port" in found.about["bus"]
    assert "the TLS handshake fails" in found.about["store"]


async def test_wrong_credentials_are_refused_at_once(
    own_mongo: Callable[..., NativeMongo], doctor: Doctor, urls: dict[str, str]
) -> None:
    server = await asyncio.to_thread(own_mongo, "--auth")
    bus_url = urls["bus_url"].replace("//", "//me:hush@")
    found = await doctor(store_url=server.url.replace("//", "//me:hush@"), bus_url=bus_url)
    assert "it refuses the user or password; correct them in STORE_URL" in found.about["store"]
    assert "has no users on this port" in found.about["bus"]
    with pytest.raises(EngineRefused, match="has no users on this port"):
        await make_topics(Settings(bus_url=bus_url), argparse.Namespace())


async def test_a_server_without_a_replica_set_is_told(own_mongo: Callable[..., NativeMongo], doctor: Doctor) -> None:
    server = await asyncio.to_thread(own_mongo, "--standalone")
    found = await doctor(store_url=server.url)
    assert "is no replica set" in found.about["store"]


async def test_indexes_that_differ_are_told(doctor: Doctor, urls: dict[str, str]) -> None:
    prefix = urls["store_url"].rpartition("/")[2]
    before = await _store(urls)
    assert "index" not in before
    with MongoClient[Any](urls["store_url"]) as client:
        await asyncio.to_thread(client[f"{prefix}_identity"].users.create_index, [("a", 1)], name="outbox")
        await asyncio.to_thread(client[f"{prefix}_catalog"].services.create_index, [("a", 1)], name="former")
    after = await _store(urls)
    assert "fail: identity.users: the stored index 'outbox' differs" in after
    assert "warn: catalog.services: the index 'outbox' is missing; it is made at the next start" in after
    assert "warn: catalog.services: the index 'former' is not declared by this version" in after


async def test_a_database_that_may_not_be_written_is_told_beside_those_that_may(
    own_mongo: Callable[..., NativeMongo],
) -> None:
    server = await asyncio.to_thread(own_mongo)
    with MongoClient[Any](server.url) as client:
        fail = {"failCommands": ["update"], "errorCode": 13, "appName": "interactor"}
        point = {"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": fail}
        await asyncio.to_thread(client.admin.command, point)
    said = await _store({"store_url": server.url, "bus_url": "kafka://127.0.0.1:1"})
    assert said.count("this user may not do that; give it the role readWrite") == 1
    assert said.count("ok: a majority confirmed a write") == 4


async def _store(urls: dict[str, str]) -> str:
    found = await examine_store(Settings(**urls), parse_roles(()))
    return "\n".join(f"{finding.level}: {finding.what}" for finding in found)


class Ahead:
    """A clock that is ahead of this machine's."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return SystemClock().now() + self._by


@pytest.mark.parametrize(("seconds", "level"), [(0, Level.OK), (5, Level.WARN), (-60, Level.FAIL)])
async def test_clocks_that_are_apart_are_told(urls: dict[str, str], seconds: int, level: Level) -> None:
    clock: Clock = Ahead(timedelta(seconds=seconds))
    found = await inspect_store(open_store(urls["store_url"], clock))
    assert [finding.level for finding in found if finding.of == "clock"] == [level]
