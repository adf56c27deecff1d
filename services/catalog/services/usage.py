"""What refers to a service in other services, counted by those who keep it."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import BaseModel

from libs.common.contracts.calls import Call, Peers
from libs.common.contracts.credentials import COUNT_TOKENS, TokensQuestion
from libs.common.contracts.webhooks import COUNT_SUBSCRIPTIONS, SubscriptionsQuestion
from libs.common.errors import Conflict
from libs.common.peers import unavailable

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)


class Usage:
    """Tokens and subscriptions, on all platforms."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def refuse_in_use(self, service_id: str) -> None:
        """Raises Conflict with the counts, and Unavailable naming an owner that can't be asked."""
        tokens, subscriptions = await asyncio.gather(
            self._asked(COUNT_TOKENS, TokensQuestion(service_id=service_id)),
            self._asked(COUNT_SUBSCRIPTIONS, SubscriptionsQuestion(service_id=service_id)),
        )
        counts = {"tokens": tokens.count, "subscriptions": subscriptions.count}
        if any(counts.values()):
            raise _in_use(counts)

    async def _asked(self, call: Call[Q, A], question: Q) -> A:
        answer = await self._peers.ask(call, question)
        if answer is None:
            raise unavailable(call.owner)
        return answer


def _in_use(counts: dict[str, int]) -> Conflict:
    told = " and ".join(_said(count, noun) for noun, count in counts.items() if count)
    return Conflict(
        "service_in_use",
        f"The service is in use: it has {told}. Delete it with force=true to end them with it.",
        extra={"counts": counts},
    )


def _said(count: int, noun: str) -> str:
    return f"{count:,} {noun if count != 1 else noun.removesuffix('s')}"
