"""Events are CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec), keyed and typed by their class."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import ClassVar, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from libs.common.bus.port import Message
from libs.common.clock import rfc3339
from libs.common.ids import new_id

E = TypeVar("E", bound="Event")


class Record(BaseModel):
    """A frozen value on the wire between services; members are camelCase there."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    def members(self) -> dict[str, object]:
        """The members by their names on the wire, nested values as they are."""
        given = self.__dict__
        return {alias: given[name] for name, alias in _aliases(type(self))}


@cache
def _aliases(record: type[Record]) -> tuple[tuple[str, str], ...]:
    return tuple((name, field.alias or name) for name, field in record.model_fields.items())


class Event(Record):
    """The `data` of one event. `key` decides the order: events of one key are heard in the order they were said."""

    topic: ClassVar[str]
    type: ClassVar[str]

    platform_id: str | None

    @property
    def key(self) -> str:
        raise TypeError(f"{type(self).__name__} must say which member is its key")


@dataclass(frozen=True, slots=True)
class Heard(Generic[E]):
    """An event as it was received, with the envelope's attributes that a listener may need."""

    id: str
    time: datetime
    traceparent: str | None
    position: int
    event: E


def encode(event: Event, *, time: datetime, id: str | None = None, traceparent: str | None = None) -> Message:
    """The message that carries `event`; `id` is given where a rerun must say the same event again."""
    attributes: dict[str, object] = {
        "specversion": "1.0",
        "id": id or new_id(),
        "source": f"/{event.type.partition('.')[0]}",
        "type": event.type,
        "subject": event.key,
        "time": rfc3339(time),
        "datacontenttype": "application/json",
        "platformid": event.platform_id,
    }
    if traceparent:
        attributes["traceparent"] = traceparent
    attributes["data"] = event.members()
    return Message(event.topic, event.key, orjson.dumps(attributes))


def decode(message: Message, *types: type[E]) -> Heard[E] | None:
    """The event, if it is one of `types`; None for another. Raises ValueError when it is no event at all."""
    attributes = orjson.loads(message.value)
    if not isinstance(attributes, dict) or attributes.get("specversion") != "1.0":
        raise ValueError(f"a message of {message.topic} is not a CloudEvent 1.0")
    for wanted in types:
        if wanted.type == attributes["type"]:
            return Heard(
                id=attributes["id"],
                time=datetime.fromisoformat(attributes["time"]),
                traceparent=attributes.get("traceparent"),
                position=message.position,
                event=wanted.model_validate(attributes["data"]),
            )
    return None
