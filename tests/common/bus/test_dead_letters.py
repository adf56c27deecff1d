"""What stands in a dead letter."""

from __future__ import annotations

import base64

import orjson
import pytest

from libs.common.bus.dead_letters import dead_letter, dead_letter_topic
from libs.common.bus.port import MAX_MESSAGE_BYTES, Message

LARGEST = 1024 * 1024 - 10_000


def letter(value: bytes, *, whole: bool = True) -> dict[str, object]:
    message = dead_letter(
        Message("topic", "key", value, position=7, partition=3), "group", ValueError("x"), whole=whole
    )
    assert message.topic == "topic.dlq"
    return dict(orjson.loads(message.value))


def test_it_says_where_the_message_stood() -> None:
    told = letter(b'{"a":1}')
    assert (told["topic"], told["partition"], told["position"], told["group"]) == ("topic", 3, 7, "group")
    assert told["value"] == '{"a":1}'


@pytest.mark.parametrize("value", [b"\0" * MAX_MESSAGE_BYTES, b"\xff" * MAX_MESSAGE_BYTES, b'"' * MAX_MESSAGE_BYTES])
def test_it_never_grows_beyond_what_kafka_takes(value: bytes) -> None:
    told = letter(value)
    assert base64.b64decode(str(told["value_base64"])) == value
    assert len(orjson.dumps(told)) < LARGEST


def test_a_few_control_characters_stay_readable() -> None:
    assert letter(b"line\nline\t\0")["value"] == "line\nline\t\0"


def test_it_may_go_without_the_value() -> None:
    assert {"value", "value_base64"}.isdisjoint(letter(b"1", whole=False))


def test_its_topic_keeps_it_for_two_weeks() -> None:
    assert dead_letter_topic("topic").name == "topic.dlq"
    assert dead_letter_topic("topic").retention.days == 14
