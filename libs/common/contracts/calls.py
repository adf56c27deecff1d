"""Calls between services, declared by their owner: who may ask, with what, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, A]):
    """One operation of `owner`'s internal endpoint, `POST /internal/<name>`; None is answered as 204."""

    name: str
    owner: str
    callers: tuple[str, ...]
    request: type[Q]
    answer: type[A]


class Answerer(Protocol[Q, A]):
    """The owner's verb behind a call."""

    async def __call__(self, question: Q, /) -> A | None: ...


class Peers(Protocol):
    """The other services, wherever they run. Errors are the owner's own; an owner that is down is Unavailable."""

    async def ask(self, call: Call[Q, A], question: Q) -> A | None: ...


Answers = dict[Call[Any, Any], Answerer[Any, Any]]
