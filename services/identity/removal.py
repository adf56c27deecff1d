"""Removing what belonged to a tombstone, by its remover or, after a crash, by a worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from libs.common.workers import LeasedRows

Step: TypeAlias = Callable[[str], Awaitable[None]]
_SLOTS = 4
_POLL_S = 60.0


class Removal:
    """Ends a tombstone by its id: its memberships first, itself last, so that it can begin again at any point."""

    def __init__(self, claim: Callable[[int], Awaitable[Sequence[str]]], end: Step, forget: Step) -> None:
        self._claim = claim
        self._end = end
        self._forget = forget

    async def finish(self, id: str) -> None:
        await self._end(id)
        await self._forget(id)

    def worker(self, name: str) -> LeasedRows[str]:
        return LeasedRows(name, self._claim, self.finish, slots=_SLOTS, poll_s=_POLL_S)
