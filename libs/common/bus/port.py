"""The bus port: topics of messages, at least once, in order per key.

A handler does little: it records work in the store and returns. A message that a handler can't take (it
does not parse, a bug) goes to `<topic>.dlq` after a few tries; `Unavailable` is waited out and never a dead
letter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

MAX_MESSAGE_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """`value` is an event as JSON; `position` is where it stands in the log of its topic's partition, once read."""

    topic: str
    key: str
    value: bytes
    position: int = -1
    partition: int = 0


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What an engine must know that has to make its topics. `compacted`: the newest message per key stays for good."""

    name: str
    partitions: int
    retention: timedelta
    compacted: bool = False


BatchHandler: TypeAlias = Callable[[Sequence[Message]], Awaitable[None]]
FollowHandler: TypeAlias = Callable[[Message], None]


class MessageTooLarge(ValueError):
    """The value is over MAX_MESSAGE_BYTES, and refused before anything is sent; or the engine's own limit is lower."""

    def __init__(self, message: Message, limit: str = str(MAX_MESSAGE_BYTES)) -> None:
        super().__init__(
            f"a message of {len(message.value)} bytes for {message.topic} is over the limit of {limit}; "
            "store it first and refer to it"
        )


def check_size(message: Message) -> None:
    """Raises MessageTooLarge, in every driver alike."""
    if len(message.value) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(message)


class Bus(Protocol):
    """An event log. Subscriptions and followers are declared before `start`."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Durable when it returns. Raises MessageTooLarge, Unavailable."""

    def subscribe(self, topic: str, group: str, handler: BatchHandler, *, max_batch: int = 500) -> None:
        """Each message reaches one member of the group at least once; a batch holds a key's messages in order.

        When a batch fails its messages are handed over one by one, so that only the poisonous one is set aside.
        """

    def follow(self, topic: str, handler: FollowHandler) -> None:
        """Every message from now on, in every process, without a group and without replay: for caches.

        All handlers of a topic hear a message in one go, in the order in which they were declared: a cache that is
        filled from another one is declared after it.
        """

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None:
        """Raises Unavailable when a publish could not succeed now."""
