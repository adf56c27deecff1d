"""The AsyncAPI 3.0 document (https://www.asyncapi.com) of all events, made from the table of topics.

`python -m libs.common.contracts.asyncapi` prints it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from pydantic.json_schema import models_json_schema

from libs.common.contracts.envelope import Event
from libs.common.contracts.topics import TOPICS, Topic

EXAMPLES = Path(__file__).parent / "examples"
_REF = "#/components/schemas/{model}"
_ATTRIBUTES = {
    "specversion": {"const": "1.0"},
    "id": {"type": "string"},
    "source": {"type": "string", "description": "The service that says it."},
    "subject": {"type": "string", "description": "The key: events of one key keep their order."},
    "time": {"type": "string", "format": "date-time"},
    "datacontenttype": {"const": "application/json"},
    "platformid": {"type": ["string", "null"]},
    "traceparent": {"type": "string", "description": "W3C trace context."},
}
_OPTIONAL = {"traceparent"}


def document() -> dict[str, Any]:
    topics = TOPICS.values()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interactor Engine: events",
            "version": "1",
            "description": "What the services say to each other: CloudEvents 1.0, at least once, in order per key.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {name: operation for topic in topics for name, operation in _operations(topic)},
        "components": {
            "messages": {event.type: _message(event) for topic in topics for event in topic.events},
            "schemas": _schemas([event for topic in topics for event in topic.events]),
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    policy = ["compact"] if topic.compacted else ["delete"]
    configuration = {"cleanup.policy": policy, "retention.ms": int(topic.retention.total_seconds() * 1000)}
    return {
        "address": topic.name,
        "description": f"Keyed by {topic.key}. What a listener can't take goes to {topic.dead_letter}.",
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"} for event in topic.events},
        "bindings": {
            "kafka": {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": configuration}
        },
    }


def _operations(topic: Topic) -> list[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{topic.name}"}
    says = {"action": "send", "channel": channel, "summary": f"{topic.speaker} says it."}
    hears = [(f"{group}.hears.{topic.name}", f"{group} works on each once, as a group.") for group in topic.groups] + [
        (f"{name}.follows.{topic.name}", f"Every {name} process drops what it holds.") for name in topic.followers
    ]
    return [
        (f"{topic.speaker}.says.{topic.name}", says),
        *((name, {"action": "receive", "channel": channel, "summary": summary}) for name, summary in hears),
    ]


def _message(event: type[Event]) -> dict[str, Any]:
    example = EXAMPLES / f"{event.type}.json"
    return {
        "name": event.type,
        "title": event.__name__,
        "description": event.__doc__,
        "payload": {
            "type": "object",
            "properties": {
                **_ATTRIBUTES,
                "type": {"const": event.type},
                "data": {"$ref": _REF.format(model=event.__name__)},
            },
            "required": [*sorted(_ATTRIBUTES.keys() - _OPTIONAL), "type", "data"],
        },
        "examples": [{"payload": orjson.loads(example.read_bytes())}],
    }


def _schemas(events: list[type[Event]]) -> dict[str, Any]:
    _, definitions = models_json_schema([(event, "serialization") for event in events], ref_template=_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
