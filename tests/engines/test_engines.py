"""Engines start, end, come back with their data, and never take anybody else's place."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pymongo import MongoClient, WriteConcern
from pymongo.errors import OperationFailure

from tests.engines.developer import Developer, Running
from tests.engines.engines import Engines
from tests.engines.errors import EngineFailed
from tests.engines.fixtures import EngineUrls
from tests.engines.native_kafka import NativeKafka
from tests.engines.native_mongo import NativeMongo, mongo_program
from tests.engines.run_folder import RunFolder

pytestmark = pytest.mark.engines


@pytest.fixture
def developer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_mongo: object, own_kafka: object
) -> Iterator[Developer]:
    """With a folder of its own, and with processes even where containers could be had: these tests count them."""
    monkeypatch.setenv("ENGINES", "native")
    developer = Developer(tmp_path)
    yield developer
    developer.stop()


def _pids(running: Running) -> set[int]:
    return {int(which.removeprefix("pid ")) for which in running.processes.values()}


def test_the_engines_of_a_session_answer(engine_urls: EngineUrls) -> None:
    with MongoClient(engine_urls.store) as client:
        assert client.admin.command("hello")["isWritablePrimary"]
    host, port = engine_urls.bus.removeprefix("kafka://").split(":")
    socket.create_connection((host, int(port))).close()


def test_starting_twice_starts_once_and_stopping_ends_exactly_those(developer: Developer) -> None:
    running = developer.start()
    assert developer.start() == running
    sourced = subprocess.check_output(["sh", "-c", f'. {developer.env}; echo "$STORE_URL $BUS_URL"'], text=True)
    assert sourced.split() == [running.store_url, running.bus_url]
    assert developer.stop() == running.processes
    assert not any(psutil.pid_exists(pid) for pid in _pids(running))
    assert not developer.env.exists()
    assert developer.stop() == {}
    assert developer.running() is None


def test_when_one_has_ended_both_start_anew(developer: Developer) -> None:
    before = developer.start()
    kafka = psutil.Process(int(before.processes["kafka"].removeprefix("pid ")))
    kafka.kill()
    kafka.wait()
    assert developer.running() is None
    after = developer.start()
    assert not _pids(before) & _pids(after)
    assert not any(psutil.pid_exists(pid) for pid in _pids(before))


async def test_what_was_acknowledged_is_there_after_a_kill(own_engines: Callable[[], Engines]) -> None:
    engines = await asyncio.to_thread(own_engines)
    urls = (engines.store_url, engines.bus_url)
    await asyncio.to_thread(_insert, engines.store_url)
    await _produce(engines.bus_url)
    pids = (engines.mongo.pid, engines.kafka.pid)
    for engine in (engines.mongo, engines.kafka):
        engine.kill()
        assert not engine.alive
        await asyncio.to_thread(engine.start)
    assert (engines.store_url, engines.bus_url) == urls
    assert (engines.mongo.pid, engines.kafka.pid) != pids
    assert await asyncio.to_thread(_found, engines.store_url) == [{"_id": 1}]
    assert await _consumed(engines.bus_url) == b"said"


def test_a_stopped_engine_goes_on_too(own_mongo: Callable[..., NativeMongo]) -> None:
    mongo = own_mongo()
    _insert(mongo.url)
    mongo.stop()
    mongo.start()
    assert _found(mongo.url) == [{"_id": 1}]


def test_an_engine_takes_options(own_mongo: Callable[..., NativeMongo]) -> None:
    with MongoClient(own_mongo("--auth").url) as client, pytest.raises(OperationFailure) as refused:
        client.test.things.find_one()
    assert refused.value.code == 13


async def test_a_broker_takes_properties(own_kafka: Callable[..., NativeKafka]) -> None:
    broker = await asyncio.to_thread(own_kafka, {"message.max.bytes": "2048"})
    assert await _configured(broker.url, "message.max.bytes") == "2048"


def test_an_engine_that_does_not_start_says_why(own_mongo: Callable[..., NativeMongo]) -> None:
    with pytest.raises(EngineFailed, match=r"(?s)mongo ended before it answered:.*--nonsense"):
        own_mongo("--nonsense")


@pytest.mark.usefixtures("own_mongo")
def test_a_port_that_is_taken_meanwhile_is_left_to_its_owner() -> None:
    with ExitStack() as taken:

        class Unlucky(NativeMongo):
            """Somebody is quicker, once."""

            lost: int = 0

            def _command(self, ports: list[int]) -> list[str]:
                if not self.lost:
                    self.lost = ports[0]
                    taken.enter_context(socket.create_server(("127.0.0.1", self.lost)))
                return super()._command(ports)

        run = RunFolder()
        taken.callback(run.close)
        unlucky = Unlucky(run, mongo_program())
        unlucky.start()
        assert unlucky.lost != unlucky.port


def _insert(url: str) -> None:
    with MongoClient(url) as client:
        client.test.get_collection("things", write_concern=WriteConcern("majority")).insert_one({"_id": 1})


def _found(url: str) -> list[dict[str, int]]:
    with MongoClient(url) as client:
        return list(client.test.things.find())


async def _produce(url: str) -> None:
    servers = url.removeprefix("kafka://")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic("things", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        await producer.send_and_wait("things", b"said")


async def _consumed(url: str) -> bytes | None:
    servers = url.removeprefix("kafka://")
    async with AIOKafkaConsumer("things", bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        return (await consumer.getone()).value


async def _configured(url: str, name: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=url.removeprefix("kafka://"))
    await admin.start()
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
    await admin.close()
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}[name]
