"""A Kafka broker that dies, freezes, comes back or refuses, under a bus that goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.port import MessageTooLarge
from libs.common.errors import Unavailable
from tests.common.conformance.bus_suite import TOPIC, message
from tests.common.conformance.engine import Inbox, until, until_async
from tests.common.conformance.kafka_admin import kafka_admin
from tests.common.conformance.kafka_engine import OPTIONS, KafkaEngine
from tests.engines.native_kafka import NativeKafka

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]  # brokers are started, some twice

OwnKafka = Callable[[], NativeKafka]
PATIENT = replace(OPTIONS, replace_after_s=60.0)
_CLOSES_WITHIN_S = 10.0  # five, and the time that a busy machine needs
HASTY = {"publish_timeout_s": 0.5, "ping_timeout_s": 0.5}


@pytest.fixture
def broker(own_kafka: OwnKafka) -> NativeKafka:
    return own_kafka()


@pytest.fixture
async def engine(broker: NativeKafka) -> AsyncIterator[KafkaEngine]:
    engine = KafkaEngine(broker.url, PATIENT)
    yield engine
    await engine.release()


async def restarted(broker: NativeKafka) -> None:
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(broker.start)


@contextmanager
def frozen(broker: NativeKafka) -> Iterator[None]:
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if broker.alive:
            os.kill(broker.pid, signal.SIGCONT)


async def answers(bus: KafkaBus) -> bool:
    try:
        await bus.ping()
    except Unavailable:
        return False
    return True


async def takes(bus: KafkaBus, value: bytes) -> bool:
    try:
        await bus.publish([message(value)])
    except Unavailable:
        return False
    return True


async def started(bus: KafkaBus) -> None:
    """A broker that says that it is started may still be slow to take the first client."""

    async def starts() -> bool:
        try:
            await bus.start()
        except Unavailable:
            return False
        return True

    await until_async(starts)


class Load:
    """Publishes from several callers until it is told to stop, and keeps what came of each message."""

    def __init__(self, bus: KafkaBus) -> None:
        self.acknowledged: set[bytes] = set()
        self.refused: Counter[str] = Counter()
        self._bus = bus
        self._stopping = False
        self._sent = 0

    async def run(self, callers: int) -> None:
        await asyncio.gather(*(self._publish(f"key{n}") for n in range(callers)))

    async def stop(self, running: asyncio.Task[None]) -> None:
        self._stopping = True
        await running

    async def _publish(self, key: str) -> None:
        while not self._stopping:
            self._sent += 1
            value = b"%d" % self._sent
            try:
                await self._bus.publish([message(value, key)])
                self.acknowledged.add(value)
            except Unavailable as error:
                self.refused[error.message] += 1
                await asyncio.sleep(0.01)


async def test_a_broker_that_is_killed_under_load_costs_nothing_that_was_acknowledged(
    broker: NativeKafka, engine: KafkaEngine, record_property: Callable[[str, object], None]
) -> None:
    inbox, heard = Inbox(), Inbox()
    bus = engine.member()
    bus.subscribe(TOPIC, "group", inbox)
    bus.follow(TOPIC, lambda each: heard.batches.append([each]))
    await started(bus)
    load = Load(bus)
    running = asyncio.create_task(load.run(callers=8))
    await until(lambda: len(load.acknowledged) > 200 and len(inbox.messages) > 200)
    with capture_logs() as logs:
        await restarted(broker)
        before = len(load.acknowledged)
        await until(lambda: len(load.acknowledged) > before + 500)
        await load.stop(running)
        await until(lambda: load.acknowledged <= set(inbox.values) and load.acknowledged <= set(heard.values))
    duplicates = {name: len(box.values) - len(set(box.values)) for name, box in (("group", inbox), ("follower", heard))}
    record_property("duplicates", duplicates)
    assert duplicates["follower"] == 0
    assert len([each for each in logs if each["event"] == "kafka_client"]) < 8


async def test_what_is_not_acknowledged_in_time_may_have_been_taken(broker: NativeKafka, engine: KafkaEngine) -> None:
    inbox = Inbox()
    bus = engine.member(**HASTY)
    bus.subscribe(TOPIC, "group", inbox)
    await started(bus)
    await until_async(lambda: takes(bus, b"before"))
    with frozen(broker):
        with pytest.raises(Unavailable, match="whether it was taken is unknown"):
            await bus.publish([message(b"during")])
        with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{broker.port}: it .*"):
            await bus.ping()
    await until_async(lambda: answers(bus))
    await until_async(lambda: takes(bus, b"after"))
    await until(lambda: b"after" in inbox.values)
    assert set(inbox.values) - {b"during"} == {b"before", b"after"}


async def test_what_waits_for_a_frozen_broker_is_bounded_and_given_up(broker: NativeKafka, engine: KafkaEngine) -> None:
    bus = engine.member(pending_bytes=10_000, replace_after_s=3.0, **HASTY)
    await started(bus)
    with capture_logs() as logs:
        with frozen(broker):
            with pytest.raises(Unavailable, match="unknown"):
                await bus.publish([message(b"x" * 9_000)])
            with pytest.raises(Unavailable, match="too many messages wait"):
                await bus.publish([message(b"x" * 9_000)])
            await until(lambda: any(each["event"] == "kafka_producer_lost" for each in logs))
        await until_async(lambda: takes(bus, b"x" * 9_000))
    assert any(each["event"] == "kafka_producer_back" for each in logs)


@pytest.mark.parametrize("gone", ["killed", "frozen"])
async def test_a_bus_closes_in_time_and_leaves_nothing_behind(
    broker: NativeKafka, engine: KafkaEngine, gone: str
) -> None:
    before = asyncio.all_tasks()
    bus = engine.member(grace_s=1.0)
    bus.subscribe(TOPIC, "group", Inbox())
    bus.follow(TOPIC, lambda _: None)
    await started(bus)
    await until_async(lambda: takes(bus, b"1"))
    with frozen(broker):
        publishing = asyncio.create_task(bus.publish([message(b"2")]))
        await asyncio.sleep(0)
        if gone == "killed":
            await asyncio.to_thread(broker.kill)
        began = time.monotonic()
        await bus.close()
        assert time.monotonic() - began < _CLOSES_WITHIN_S
        with pytest.raises(Unavailable):
            await publishing
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before


async def test_a_bus_that_finds_no_broker_says_so_and_may_be_started_later(
    broker: NativeKafka, engine: KafkaEngine
) -> None:
    inbox = Inbox()
    bus = engine.member()
    bus.subscribe(TOPIC, "group", inbox)
    with pytest.raises(Unavailable, match="it is not connected yet"):
        await bus.publish([message(b"0")])
    await asyncio.to_thread(broker.kill)
    with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{broker.port}: it refuses connections"):
        await bus.start()
    await asyncio.to_thread(broker.start)
    await started(bus)
    await bus.publish([message(b"1")])
    await until(lambda: inbox.values == [b"1"])


async def test_a_producer_that_can_not_go_on_is_replaced(broker: NativeKafka, engine: KafkaEngine) -> None:
    bus = engine.member()

    async def refuses_it_for_its_size() -> bool:
        try:
            await bus.publish([message(b"x" * 3000)])
        except MessageTooLarge as error:
            assert f"message of 3000 bytes for {TOPIC}" in str(error)  # noqa: PT017
            return True
        return False

    await started(bus)
    async with kafka_admin(engine.url) as admin:
        await admin.configure(TOPIC, max_message_bytes="2000")
        await until_async(refuses_it_for_its_size)
        await bus.publish([message(b"2")])
        await admin.configure(TOPIC, max_message_bytes="1048588")

        async def takes_it_again() -> bool:
            return not await refuses_it_for_its_size()

        await until_async(takes_it_again)


async def test_a_dead_letter_that_kafka_does_not_take_goes_without_its_value(engine: KafkaEngine) -> None:
    dead = Inbox()

    async def choke(_: object) -> None:
        raise ValueError

    bus = engine.member()
    bus.subscribe(TOPIC, "group", choke)
    bus.subscribe(f"{TOPIC}.dlq", "group", dead)
    await started(bus)
    async with kafka_admin(engine.url) as admin:
        await admin.configure(f"{TOPIC}.dlq", max_message_bytes="2000")

    async def comes_without() -> bool:
        await bus.publish([message(b"x" * 3000)])
        return any(b'"position":' in value and b'"value"' not in value for value in dead.values)

    await until_async(comes_without)
