"""The form of a dead letter: the message as it came, and why its group could not take it."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import orjson

from libs.common.bus.lanes import error_text
from libs.common.bus.port import Message, TopicSpec

SUFFIX = ".dlq"
_RETENTION = timedelta(days=14)
_ESCAPES_BYTES = 1024  # a control character takes six bytes in JSON: half a mebibyte of them would be three


def dead_letter_topic(topic: str) -> TopicSpec:
    """Where the groups of `topic` set aside what they can't take: few messages, kept long enough to be looked at."""
    return TopicSpec(topic + SUFFIX, partitions=1, retention=_RETENTION)


def dead_letter(message: Message, group: str, error: Exception, *, whole: bool = True) -> Message:
    """For `<topic>.dlq`. A value that isn't UTF-8, or that JSON would blow up, is told as `value_base64`.

    What isn't `whole` lacks the value: the message is still where `topic`, `partition` and `position` say.
    """
    letter: dict[str, Any] = {
        "topic": message.topic,
        "partition": message.partition,
        "position": message.position,
        "group": group,
        "key": message.key,
        "error": type(error).__name__,
        "reason": error_text(error),
    }
    if whole:
        letter |= _told(message.value)
    return Message(message.topic + SUFFIX, message.key, orjson.dumps(letter))


def _told(value: bytes) -> dict[str, str]:
    encoded = base64.b64encode(value).decode()
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return {"value_base64": encoded}
    if len(orjson.dumps(text)) > len(encoded) + _ESCAPES_BYTES:
        return {"value_base64": encoded}
    return {"value": text}
