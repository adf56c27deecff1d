"""What every bus driver must do; a driver's tests subclass this and give the `engine` fixture."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter, defaultdict
from collections.abc import Sequence

import orjson
import pytest

from libs.common.bus.port import MAX_MESSAGE_BYTES, Message, MessageTooLarge
from libs.common.errors import Unavailable
from tests.common.conformance.engine import Engine, Inbox, Opened, until

TOPIC = "suite.events"


def message(value: bytes, key: str = "k", topic: str = TOPIC) -> Message:
    return Message(topic, key, value)


async def opened(engine: Engine, inbox: Inbox, group: str = "group") -> Opened:
    """A started engine on which the group listens."""
    opened = await engine.open()
    opened.bus.subscribe(TOPIC, group, inbox)
    await opened.start()
    return opened


class DeliverySuite:
    async def test_what_is_published_arrives(self, engine: Engine) -> None:
        inbox = Inbox()
        engines = await opened(engine, inbox)
        await engines.bus.publish([message(b"\0\xff", "kéy"), message(b"")])
        await engines.bus.publish([])
        await until(lambda: len(inbox.messages) == 2)
        assert {(each.topic, each.key, each.value) for each in inbox.messages} == {
            (TOPIC, "kéy", b"\0\xff"),
            (TOPIC, "k", b""),
        }
        assert all(each.position >= 0 for each in inbox.messages)

    async def test_a_topic_of_others_is_not_heard(self, engine: Engine) -> None:
        inbox = Inbox()
        engines = await opened(engine, inbox)
        await engines.bus.publish([message(b"no", topic="suite.others"), message(b"yes")])
        await until(lambda: inbox.messages)
        assert inbox.values == [b"yes"]

    async def test_every_group_gets_every_message(self, engine: Engine) -> None:
        inboxes = [Inbox(), Inbox()]
        engines = await engine.open()
        for number, inbox in enumerate(inboxes):
            engines.bus.subscribe(TOPIC, f"group{number}", inbox)
        await engines.start()
        await engines.bus.publish([message(b"1"), message(b"2")])
        await until(lambda: all(len(inbox.messages) == 2 for inbox in inboxes))
        assert [inbox.values for inbox in inboxes] == [[b"1", b"2"]] * 2

    async def test_the_messages_of_a_key_stay_in_order(self, engine: Engine) -> None:
        inbox = Inbox()
        engines = await opened(engine, inbox)

        async def speak(key: str) -> None:
            for number in range(30):
                await engines.bus.publish([message(b"%d" % number, key), message(b"%d+" % number, key)])

        await asyncio.gather(*(speak(f"key{n}") for n in range(20)))
        await until(lambda: len(inbox.messages) == 1200)
        heard: dict[str, list[bytes]] = defaultdict(list)
        positions: dict[str, list[int]] = defaultdict(list)
        for each in inbox.messages:
            heard[each.key].append(each.value)
            positions[each.key].append(each.position)
        expected = [value for n in range(30) for value in (b"%d" % n, b"%d+" % n)]
        assert all(values == expected for values in heard.values())
        assert all(each == sorted(set(each)) for each in positions.values())

    async def test_a_batch_is_no_larger_than_asked_for(self, engine: Engine) -> None:
        inbox = Inbox()
        engines = await engine.open()
        engines.bus.subscribe(TOPIC, "group", inbox, max_batch=7)
        await engines.start()
        await engines.bus.publish([message(b"%d" % n) for n in range(50)])
        await until(lambda: len(inbox.messages) == 50)
        assert max(len(batch) for batch in inbox.batches) == 7
        assert inbox.values == [b"%d" % n for n in range(50)]

    async def test_a_group_that_is_new_starts_with_what_the_log_still_holds(self, engine: Engine) -> None:
        engines = await opened(engine, Inbox(), "old")
        await engines.bus.publish([message(b"1"), message(b"2")])
        await engine.close()
        inbox = Inbox()
        await opened(engine, inbox, "new")
        await until(lambda: len(inbox.messages) == 2)
        assert inbox.values == [b"1", b"2"]

    async def test_a_message_that_is_too_large_is_refused_with_all_beside_it(self, engine: Engine) -> None:
        inbox = Inbox()
        engines = await opened(engine, inbox)
        with pytest.raises(MessageTooLarge, match=str(MAX_MESSAGE_BYTES)):
            await engines.bus.publish([message(b"no"), message(b"x" * (MAX_MESSAGE_BYTES + 1))])
        await engines.bus.publish([message(b"x" * MAX_MESSAGE_BYTES)])
        await until(lambda: inbox.messages)
        assert [len(value) for value in inbox.values] == [MAX_MESSAGE_BYTES]


class FollowerSuite:
    async def test_followers_hear_every_message_from_now_on_in_their_order(self, engine: Engine) -> None:
        first = await engine.open()
        await first.start()
        await first.bus.publish([message(b"before")])
        await engine.close()
        heard: list[tuple[str, bytes]] = []
        engines = await engine.open()
        for name in ("a", "b"):
            engines.bus.follow(TOPIC, lambda each, name=name: heard.append((name, each.value)))  # type: ignore[misc]
        await engines.start()
        await engines.bus.publish([message(b"1"), message(b"no", topic="suite.others"), message(b"2")])
        await until(lambda: len(heard) == 4)
        assert heard[::2] == [("a", value) for _, value in heard[::2]]
        assert heard[1::2] == [("b", value) for _, value in heard[::2]]
        assert Counter(value for _, value in heard) == {b"1": 2, b"2": 2}

    async def test_a_follower_that_fails_hurts_nobody(self, engine: Engine) -> None:
        def fail(_: Message) -> None:
            raise ValueError("a bug")

        heard: list[bytes] = []
        engines = await engine.open()
        engines.bus.follow(TOPIC, fail)
        engines.bus.follow(TOPIC, lambda each: heard.append(each.value))
        await engines.start()
        await engines.bus.publish([message(b"1")])
        await until(lambda: heard)
        assert heard == [b"1"]


class RedeliverySuite:
    async def test_what_was_handled_is_not_delivered_again(self, engine: Engine) -> None:
        inbox = Inbox()
        engines = await opened(engine, inbox)
        await engines.bus.publish([message(b"1")])
        await until(lambda: inbox.messages)
        await engine.close()
        engines = await opened(engine, inbox)
        await engines.bus.publish([message(b"2")])
        await until(lambda: len(inbox.messages) == 2)
        assert inbox.values == [b"1", b"2"]

    async def test_what_was_in_hand_at_the_end_is_delivered_again(self, engine: Engine) -> None:
        begun = asyncio.Event()

        async def never_finish(_: Sequence[Message]) -> None:
            begun.set()
            await asyncio.Event().wait()

        engines = await engine.open()
        engines.bus.subscribe(TOPIC, "group", never_finish)
        await engines.start()
        await engines.bus.publish([message(b"1"), message(b"2")])
        await begun.wait()
        await engines.bus.publish([message(b"3")])
        await engine.close()
        inbox = Inbox()
        await opened(engine, inbox)
        await until(lambda: len(inbox.messages) == 3)
        assert inbox.values == [b"1", b"2", b"3"]

    async def test_an_outage_is_waited_out_without_holding_up_other_keys(self, engine: Engine) -> None:
        down, tries, inbox = True, 0, Inbox()

        async def depend(messages: Sequence[Message]) -> None:
            nonlocal tries
            if down and any(each.value == b"stuck" for each in messages):
                tries += 1
                raise Unavailable("store_unavailable", "the store is down")
            await inbox(messages)

        engines = await engine.open()
        engines.bus.subscribe(TOPIC, "group", depend, max_batch=1)
        await engines.start()
        await engines.bus.publish([message(b"stuck", "stuck")])
        await engines.bus.publish([message(b"free", f"key{n}") for n in range(40)])
        await until(lambda: inbox.messages and tries > 10)
        down = False
        await until(lambda: len(inbox.messages) == 41)
        assert Counter(inbox.values) == {b"stuck": 1, b"free": 40}


class PoisonSuite:
    async def test_a_poisonous_message_is_set_aside_and_the_rest_flows(self, engine: Engine) -> None:
        inbox, dead = Inbox(), Inbox()

        async def choke(messages: Sequence[Message]) -> None:
            if any(each.value == b"poison" for each in messages):
                raise ValueError("password=secret")
            await inbox(messages)

        engines = await engine.open()
        engines.bus.subscribe(TOPIC, "group", choke)
        engines.bus.subscribe(f"{TOPIC}.dlq", "group", dead)
        await engines.start()
        await engines.bus.publish([message(b"1"), message(b"poison"), message(b"2")])
        await until(lambda: dead.messages and len(inbox.messages) == 2)
        assert inbox.values == [b"1", b"2"]
        letter = orjson.loads(dead.values[0])
        assert b"secret" not in dead.values[0]
        assert (letter["topic"], letter["group"], letter["key"], letter["value"]) == (TOPIC, "group", "k", "poison")
        assert letter["error"] == "ValueError"
        assert isinstance(letter["position"], int)

    async def test_a_dead_letter_keeps_any_value(self, engine: Engine) -> None:
        dead = Inbox()

        async def choke(_: Sequence[Message]) -> None:
            raise ValueError

        engines = await engine.open()
        engines.bus.subscribe(TOPIC, "group", choke)
        engines.bus.subscribe(f"{TOPIC}.dlq", "group", dead)
        await engines.start()
        value = b"\xff" * MAX_MESSAGE_BYTES
        await engines.bus.publish([message(value)])
        await until(lambda: dead.messages)
        assert base64.b64decode(orjson.loads(dead.values[0])["value_base64"]) == value

    @pytest.mark.parametrize("failure", [ValueError, asyncio.CancelledError])
    async def test_what_works_at_the_second_try_is_no_dead_letter(
        self, engine: Engine, failure: type[BaseException]
    ) -> None:
        inbox, dead = Inbox(), Inbox()
        failed: list[bool] = []

        async def stumble(messages: Sequence[Message]) -> None:
            if not failed:
                failed.append(True)
                raise failure
            await inbox(messages)

        engines = await engine.open()
        engines.bus.subscribe(TOPIC, "group", stumble)
        engines.bus.subscribe(f"{TOPIC}.dlq", "group", dead)
        await engines.start()
        await engines.bus.publish([message(b"1"), message(b"2")])
        await until(lambda: len(inbox.messages) == 2)
        assert (inbox.values, dead.values) == ([b"1", b"2"], [])
