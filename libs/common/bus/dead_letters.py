"""The form of a dead letter: the message as it came, and why its group could not take it."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from libs.common.bus.lanes import error_text
from libs.common.bus.port import Message

SUFFIX = ".dlq"


def dead_letter(message: Message, group: str, error: Exception) -> Message:
    """For `<topic>.dlq`. A value that isn't UTF-8 is told as `value_base64`."""
    letter: dict[str, Any] = {
        "topic": message.topic,
        "position": message.position,
        "group": group,
        "key": message.key,
        "error": type(error).__name__,
        "reason": error_text(error),
    }
    try:
        letter["value"] = message.value.decode()
    except UnicodeDecodeError:
        letter["value_base64"] = base64.b64encode(message.value).decode()
    return Message(message.topic + SUFFIX, message.key, orjson.dumps(letter))
