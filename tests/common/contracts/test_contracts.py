"""What the services say to each other: the table of topics is complete, and every event has its example."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from libs.common.contracts import catalog, credentials, identity, webhooks
from libs.common.contracts.asyncapi import EXAMPLES
from libs.common.contracts.calls import OPERATOR, Call
from libs.common.contracts.envelope import Event, decode, encode
from libs.common.contracts.identity import KeyChanged, UserChanged
from libs.common.contracts.questions import CALLS, askers_of, owners_asked_by
from libs.common.contracts.topics import TOPICS, Topic

SERVICES = {"catalog", "credentials", "executor", "identity", "webhooks"}
_EVENTS = [event for topic in TOPICS.values() for event in topic.events]
_CALLS = [
    each
    for module in (catalog, credentials, identity, webhooks)
    for each in vars(module).values()
    if isinstance(each, Call)
]


def every_event(parent: type[Event] = Event) -> Iterator[type[Event]]:
    for event in parent.__subclasses__():
        if event.__module__.startswith("libs."):
            yield event
        yield from every_event(event)


def example_of(event: type[Event]) -> Any:
    return orjson.loads((EXAMPLES / f"{event.type}.json").read_bytes())


def test_every_event_is_in_the_table_once() -> None:
    assert sorted(event.type for event in _EVENTS) == sorted(event.type for event in every_event())


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topic_is_spoken_and_heard_by_services(topic: Topic) -> None:
    assert topic.name == next(name for name, each in TOPICS.items() if each is topic)
    assert topic.events
    assert {event.topic for event in topic.events} == {topic.name}
    assert {topic.speaker, *topic.groups, *topic.followers} <= SERVICES
    assert topic.name.partition(".")[0] == topic.speaker
    assert topic.dead_letter == f"{topic.name}.dlq"
    assert topic.partitions > 0


@pytest.mark.parametrize("event", _EVENTS, ids=lambda event: event.type)
def test_an_example_is_read_and_said_again(event: type[Event]) -> None:
    example = example_of(event)
    moment = datetime.fromisoformat(example["time"])
    said = encode(
        event.model_validate(example["data"]), time=moment, id=example["id"], traceparent=example["traceparent"]
    )
    assert orjson.loads(said.value) == example
    heard = decode(said, event)
    assert heard is not None
    assert (heard.id, heard.time, heard.traceparent) == (example["id"], moment, example["traceparent"])
    assert heard.event.model_dump(by_alias=True, mode="json") == example["data"]
    assert (said.topic, said.key, heard.event.key) == (event.topic, example["subject"], example["subject"])


@pytest.mark.parametrize("event", _EVENTS, ids=lambda event: event.type)
def test_an_example_has_every_attribute_that_cloudevents_requires(event: type[Event]) -> None:
    example = example_of(event)
    assert {"specversion", "id", "source", "type"} <= example.keys()
    assert all(name.isalnum() and name.islower() for name in example)
    assert (example["type"], example["source"]) == (event.type, f"/{event.type.partition('.')[0]}")


def test_there_is_no_example_of_what_is_no_event() -> None:
    assert sorted(path.stem for path in EXAMPLES.iterdir()) == sorted(event.type for event in _EVENTS)


def test_an_event_of_another_type_is_passed_over() -> None:
    said = encode(UserChanged.model_validate(example_of(UserChanged)["data"]), time=datetime.now(UTC))
    assert decode(said, KeyChanged) is None


@pytest.mark.parametrize("call", _CALLS, ids=lambda call: call.name)
def test_a_call_is_owned_and_asked_by_services(call: Call[Any, Any]) -> None:
    assert {call.owner, *call.callers} <= {*SERVICES, OPERATOR}
    assert call.owner != OPERATOR
    assert call.owner not in call.callers


def test_the_table_of_calls_is_complete_and_each_has_a_name_of_its_own() -> None:
    assert sorted(call.name for call in CALLS) == sorted(call.name for call in _CALLS)
    assert len({call.name for call in CALLS}) == len(CALLS)


def test_who_asks_whom_leaves_out_who_is_asked_at_home() -> None:
    assert owners_asked_by({"catalog"}) == {
        "credentials": ["catalog"],
        "identity": ["catalog"],
        "webhooks": ["catalog"],
    }
    assert owners_asked_by({"catalog", "webhooks"}) == {
        "credentials": ["catalog", "webhooks"],
        "identity": ["catalog", "webhooks"],
    }
    assert owners_asked_by(SERVICES) == askers_of(SERVICES) == {}
    assert askers_of({"credentials"}) == {
        "catalog": ["credentials"],
        "executor": ["credentials"],
        "webhooks": ["credentials"],
    }


def test_no_event_has_a_member_for_a_secret() -> None:
    members = {name for event in _EVENTS for name in event.model_fields}
    assert not members & {"token", "secret", "value", "password", "key"}
