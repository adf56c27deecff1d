"""Calls between services, declared by their owner: who may ask, with what, and what is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)

OPERATOR = "operator"
"""A caller that is no service: whoever holds the operator's key."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, A]):
    """One operation of `owner`'s internal endpoint, `POST /internal/<name>`; None is answered as 204."""

    name: str
    owner: str
    callers: tuple[str, ...]
    request: type[Q]
    answer: type[A]


class Peers(Protocol):
    """The other services, wherever they run. Errors are the owner's own; an owner that is down is Unavailable."""

    async def ask(self, call: Call[Q, A], question: Q) -> A | None: ...


Answers: TypeAlias = Mapping[Call[Any, Any], Callable[[Any], Awaitable[BaseModel | None]]]
