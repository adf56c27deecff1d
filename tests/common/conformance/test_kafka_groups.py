"""What can befall a group on Kafka: members come, go and freeze, positions and topics vanish."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.lanes import Backlog
from libs.common.bus.port import Message
from tests.common.conformance.bus_suite import TOPIC, message
from tests.common.conformance.engine import Inbox, until, until_async
from tests.common.conformance.kafka_admin import KafkaAdmin, kafka_admin
from tests.common.conformance.kafka_engine import OPTIONS, KafkaEngine, topic
from tests.common.conformance.kafka_member import member
from tests.engines.fixtures import EngineUrls

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

SESSION_S = 1.0
QUICK = replace(OPTIONS, session_timeout_s=SESSION_S, metadata_max_age_s=0.5)
ONE_PARTITION = (topic(TOPIC, partitions=1), topic(f"{TOPIC}.dlq", partitions=1))


@pytest.fixture
async def engine(engine_urls: EngineUrls) -> AsyncIterator[KafkaEngine]:
    engine = KafkaEngine(engine_urls.bus, QUICK)
    yield engine
    await engine.release()


@pytest.fixture
async def line(engine_urls: EngineUrls) -> AsyncIterator[KafkaEngine]:
    """All topics have one partition, so that positions can be foretold."""
    engine = KafkaEngine(engine_urls.bus, QUICK, ONE_PARTITION)
    yield engine
    await engine.release()


async def listening(engine: KafkaEngine, handler: object, group: str = "group", **options: int) -> KafkaBus:
    bus = engine.member()
    bus.subscribe(TOPIC, group, handler, **options)  # type: ignore[arg-type]
    await bus.start()
    return bus


def numbered(count: int, start: int = 0) -> list[Message]:
    return [message(b"%d" % n, f"key{n}") for n in range(start, start + count)]


def logged(logs: Sequence[object], event: str) -> list[object]:
    return [each for each in logs if isinstance(each, dict) and each["event"] == event]


async def test_a_member_that_comes_in_the_middle_of_handling_costs_no_message(engine: KafkaEngine) -> None:
    gate, begun, inboxes = asyncio.Event(), Inbox(), [Inbox(), Inbox()]

    async def wait_and_take(messages: Sequence[Message]) -> None:
        await begun(messages)
        await gate.wait()
        await inboxes[0](messages)

    first = await listening(engine, wait_and_take, max_batch=3)
    await first.publish(numbered(60))
    await until(lambda: begun.messages)
    await listening(engine, inboxes[1])
    await until(lambda: inboxes[1].messages)
    gate.set()
    await first.publish(numbered(60, start=60))
    handled: Counter[bytes] = Counter()
    await until(lambda: len({*inboxes[0].values, *inboxes[1].values}) == 120)
    for inbox in inboxes:
        handled.update(inbox.values)
    assert sum(handled.values()) < 240


async def test_members_share_the_partitions(engine: KafkaEngine) -> None:
    inboxes = [Inbox(), Inbox()]
    buses = [await listening(engine, inbox) for inbox in inboxes]
    sent = 0

    async def both_take() -> bool:
        nonlocal sent
        await buses[0].publish(numbered(10, start=sent))
        sent += 10
        return all(inbox.messages for inbox in inboxes)

    await until_async(both_take)
    await until(lambda: len({*inboxes[0].values, *inboxes[1].values}) == sent)
    for inbox in inboxes:
        inbox.batches.clear()
    await buses[0].publish(numbered(60, start=sent))
    await until(lambda: len(inboxes[0].messages) + len(inboxes[1].messages) == 60)
    first, second = ({each.partition for each in inbox.messages} for inbox in inboxes)
    assert first
    assert second
    assert not first & second


async def test_a_killed_members_work_is_done_by_another(engine: KafkaEngine) -> None:
    inbox = Inbox()
    bus = engine.member()
    await bus.start()
    async with member(engine.url, TOPIC, "group", session_timeout_s=SESSION_S, handling_s=0.02) as killed:
        await bus.publish(numbered(90))
        await until(lambda: len(killed.handled) > 5)
        killed.process.kill()
        await killed.process.wait()
    await listening(engine, inbox)
    await until(lambda: {*killed.handled, *inbox.values} >= {each.value for each in numbered(90)})


async def test_a_frozen_member_is_replaced_and_comes_back(engine: KafkaEngine) -> None:
    inbox = Inbox()
    bus = await listening(engine, inbox)
    async with member(engine.url, TOPIC, "group", session_timeout_s=SESSION_S, handling_s=0.02) as frozen:
        sent = 0

        async def it_takes(already: int) -> bool:
            nonlocal sent
            await bus.publish(numbered(10, start=sent))
            sent += 10
            return len(frozen.handled) > already

        await until_async(lambda: it_takes(0))
        frozen.process.send_signal(signal.SIGSTOP)
        await bus.publish(numbered(60, start=sent))
        sent += 60
        await until(lambda: {*frozen.handled, *inbox.values} >= {each.value for each in numbered(sent)})
        frozen.process.send_signal(signal.SIGCONT)
        already = len(frozen.handled)
        await until_async(lambda: it_takes(already + 10))
        await until(lambda: {*frozen.handled, *inbox.values} >= {each.value for each in numbered(sent)})


async def test_what_is_handled_out_of_order_is_not_committed_past_what_is_not(line: KafkaEngine) -> None:
    inbox = Inbox()

    async def stick(messages: Sequence[Message]) -> None:
        if messages[0].value == b"2":
            await asyncio.Event().wait()
        await inbox(messages)

    bus = await listening(line, stick, max_batch=1)
    await bus.publish([message(b"0", "a"), message(b"1", "b"), message(b"2", "stuck")])
    await bus.publish([message(b"%d" % n, f"key{n}") for n in range(3, 40)])
    free = {b"%d" % n for n in range(40)} - {b"2"}
    behind_it = {b"%d" % n for n in range(3, 40) if hash(f"key{n}") % 4 == hash("stuck") % 4}
    await until(lambda: set(inbox.values) >= free - behind_it)
    async with kafka_admin(line.url) as admin:
        await until_async(lambda: is_committed(admin, 2))
        await bus.publish([message(b"last", "a")])
        await line.close()
        assert await admin.committed(TOPIC, "group") == {0: 2}
    again = Inbox()
    await listening(line, again)
    await until(lambda: len(again.messages) == 39)
    assert again.values[0] == b"2" or b"2" in again.values


async def is_committed(admin: KafkaAdmin, position: int) -> bool:
    return await admin.committed(TOPIC, "group") == {0: position}


async def test_a_backlog_beyond_its_bound_waits_in_kafka(engine_urls: EngineUrls) -> None:
    options = replace(QUICK, backlog=Backlog(messages=20))
    engine, inbox = KafkaEngine(engine_urls.bus, options, ONE_PARTITION), Inbox()
    gate = asyncio.Event()

    async def wait_and_take(messages: Sequence[Message]) -> None:
        await gate.wait()
        await inbox(messages)

    bus = await listening(engine, wait_and_take, max_batch=7)
    for start in range(0, 3000, 500):
        await bus.publish(numbered(500, start=start))
    gate.set()
    await until(lambda: len(inbox.messages) >= 3000)
    assert Counter(inbox.values) == Counter(each.value for each in numbered(3000))
    await engine.release()


async def test_a_group_whose_positions_were_deleted_starts_over_and_says_so(line: KafkaEngine) -> None:
    inbox = Inbox()
    bus = await listening(line, inbox)
    await bus.publish(numbered(3))
    await until(lambda: len(inbox.messages) == 3)
    await line.close()
    async with kafka_admin(line.url) as admin:
        await admin.delete_group(TOPIC, "group")
    with capture_logs() as logs:
        bus = await listening(line, inbox)
        await bus.publish(numbered(1, start=3))
        await until(lambda: len(inbox.messages) == 7)
        await until(lambda: logged(logs, "kafka_group_starts_over"))
    assert Counter(inbox.values[3:]) == Counter([b"0", b"1", b"2", b"3"])


@pytest.mark.parametrize("compacted", [False, True])
async def test_a_group_whose_place_in_the_log_is_gone_starts_over_and_says_so(
    engine_urls: EngineUrls, compacted: bool
) -> None:
    topics = (topic(TOPIC, partitions=1, compacted=compacted), topic(f"{TOPIC}.dlq"))
    engine, inbox, stuck = KafkaEngine(engine_urls.bus, QUICK, topics), Inbox(), asyncio.Event()

    async def stick(_: Sequence[Message]) -> None:
        stuck.set()
        await asyncio.Event().wait()

    bus = await listening(engine, stick)
    await bus.publish(numbered(5))
    await stuck.wait()
    async with kafka_admin(engine.url) as admin:
        await until_async(lambda: is_committed(admin, 0))
        await engine.close()
        await admin.configure(TOPIC, cleanup_policy="delete")
        await admin.delete_records(TOPIC, 0, before=4)
    with capture_logs() as logs:
        await listening(engine, inbox)
        await until(lambda: inbox.messages)
        await until(lambda: logged(logs, "kafka_group_starts_over"))
    assert inbox.values == [b"4"]
    await engine.release()


@pytest.mark.parametrize("partitions", [1, 2])
async def test_a_topic_that_is_deleted_and_made_anew_is_heard_again(line: KafkaEngine, partitions: int) -> None:
    inbox, heard = Inbox(), Inbox()
    bus = line.member()
    bus.subscribe(TOPIC, "group", inbox)
    bus.follow(TOPIC, lambda each: heard.batches.append([each]))
    await bus.start()
    await bus.publish(numbered(5))
    await until(lambda: len(inbox.messages) == 5 and len(heard.messages) == 5)
    async with kafka_admin(line.url) as admin:
        await admin.delete_topic(TOPIC)
        await admin.create_topic(TOPIC, partitions)
    await bus.publish(numbered(3, start=5))
    expected = {b"5", b"6", b"7"}
    await until(lambda: set(inbox.values) >= expected and set(heard.values) >= expected)


async def test_a_partition_that_is_added_is_heard_from_its_beginning(line: KafkaEngine) -> None:
    inbox, heard = Inbox(), Inbox()
    bus = line.member()
    bus.subscribe(TOPIC, "group", inbox)
    bus.follow(TOPIC, lambda each: heard.batches.append([each]))
    await bus.start()
    async with kafka_admin(line.url) as admin:
        await admin.add_partitions(TOPIC, 4)
        sent = 0

        async def every_partition_is_heard() -> bool:
            nonlocal sent
            await bus.publish(numbered(10, start=sent))
            sent += 10
            return all(len({each.partition for each in box.messages}) == 4 for box in (inbox, heard))

        await until_async(every_partition_is_heard)
    await until(lambda: len(inbox.messages) == sent and len(heard.messages) == sent)
    assert Counter(heard.values) == Counter(each.value for each in numbered(sent))


async def test_a_compacted_topic_keeps_the_newest_of_each_key(engine_urls: EngineUrls) -> None:
    topics = (topic(TOPIC, partitions=1, compacted=True), topic(f"{TOPIC}.dlq"))
    engine = KafkaEngine(engine_urls.bus, QUICK, topics)
    bus = engine.member()
    await bus.start()
    async with kafka_admin(engine.url) as admin:
        await admin.configure(
            TOPIC,
            cleanup_policy="compact",
            segment_ms="50",
            min_cleanable_dirty_ratio="0.01",
            max_message_bytes="1048588",
        )
        sent = 0

        async def what_a_new_group_hears() -> list[bytes]:
            nonlocal sent
            await bus.publish([message(b"%d" % sent, "key"), message(b"other", "other")])
            sent += 1
            inbox = Inbox()
            member = await listening(engine, inbox, f"group{sent}")
            await until(lambda: inbox.values and inbox.values[-1] == b"other")
            await until(lambda: b"%d" % (sent - 1) in inbox.values)
            await member.close()
            return inbox.values

        async def compacted() -> bool:
            return len(await what_a_new_group_hears()) < 2 * sent - 2

        await until_async(compacted)
    await engine.release()
