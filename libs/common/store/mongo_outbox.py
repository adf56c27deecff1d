"""Events leave after the write that holds them: at once by their writer, or by the relay after a crash or an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

import structlog
from pymongo.errors import PyMongoError

from libs.common import periodic
from libs.common.bus.port import Message
from libs.common.clock import Clock, to_microseconds
from libs.common.errors import Unavailable
from libs.common.store.mongo_layout import GONE, ID, OUTBOX, OUTBOX_MARK, OUTBOX_SINCE, Raw, outbox_messages

Publish: TypeAlias = Callable[[Sequence[Message]], Awaitable[None]]

log = structlog.get_logger()
_RELAYED_AT_ONCE = 100


class Outbox:
    """The outboxes of all documents of a store. `pending` is what the relay found waiting at its last round."""

    def __init__(self, publish: Publish, clock: Clock, *, awaited_s: float, grace: timedelta) -> None:
        self.pending = 0
        self._publish = publish
        self._clock = clock
        self._awaited_s = awaited_s
        self._grace = grace
        self._stuck = False
        self._leaving: set[asyncio.Task[None]] = set()

    async def leave(self, collection: Any, id: str, entries: Sequence[Raw], mark: int) -> None:
        """Publishes what the write has put there, usually before it is answered; while the bus is down nobody waits."""
        if self._stuck:
            return
        task = asyncio.create_task(self._leave_quietly(collection, id, entries, mark), name="outbox")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        await asyncio.wait({task}, timeout=self._awaited_s)

    async def relay(self, collections: Iterable[Any]) -> None:
        """One round over what waits longer than its writer would take. Raises Unavailable when the store is down."""
        waiting, failed = 0, False
        for collection in collections:
            left = await self._relay(collection)
            waiting, failed = waiting + (left or 0), failed or left is not None
        self.pending = waiting
        if self._stuck and not failed:  # others may have relayed what was left here
            self._stuck = False
            log.info("outbox.flows_again")

    async def close(self) -> None:
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=self._awaited_s)
        await periodic.cancel(self._leaving)

    async def _relay(self, collection: Any) -> int | None:
        """Answers how many are left when some could not leave, else None."""
        now = self._clock.now()
        overdue = {OUTBOX_SINCE: {"$lt": to_microseconds(now - self._grace)}}
        relayed = 0
        while True:
            page = collection.find(overdue, {OUTBOX: True, OUTBOX_MARK: True, OUTBOX_SINCE: True}).limit(
                _RELAYED_AT_ONCE
            )
            found = await page.to_list(_RELAYED_AT_ONCE)
            for raw in found:
                if not await self._taken(collection, raw):
                    continue
                if not await self._left(collection, raw):
                    return int(await collection.count_documents({OUTBOX_SINCE: {"$gt": 0}}))
                relayed += 1
            if len(found) < _RELAYED_AT_ONCE:
                break
        if relayed:
            log.info("outbox.relayed", collection=collection.full_name, documents=relayed)
        return None

    async def _taken(self, collection: Any, raw: Raw) -> bool:
        """Whether this process is the one to relay it: the others leave it alone for as long as the grace."""
        now = to_microseconds(self._clock.now())
        mine = await collection.update_one(
            {ID: raw[ID], OUTBOX_MARK: raw[OUTBOX_MARK], OUTBOX_SINCE: raw[OUTBOX_SINCE]}, {"$set": {OUTBOX_SINCE: now}}
        )
        return bool(mine.matched_count)

    async def _left(self, collection: Any, raw: Raw) -> bool:
        """False when nothing can leave now. What can't leave by itself holds up no other."""
        try:
            await self._leave(collection, raw[ID], raw[OUTBOX], raw[OUTBOX_MARK])
        except Unavailable as error:
            self._now_stuck(error)
            return False
        except PyMongoError:
            raise
        except Exception as error:
            log.error("outbox.refused", collection=collection.full_name, id=raw[ID], error=type(error).__name__)
        return True

    async def _leave_quietly(self, collection: Any, id: str, entries: Sequence[Raw], mark: int) -> None:
        try:
            await self._leave(collection, id, entries, mark)
        except Unavailable as error:
            self._now_stuck(error)
        except Exception as error:  # the write is done, and the relay will try again
            log.warning("outbox.left_to_the_relay", error=type(error).__name__)

    async def _leave(self, collection: Any, id: str, entries: Sequence[Raw], mark: int) -> None:
        if entries:
            await self._publish(outbox_messages(entries))
        published = {ID: id, OUTBOX_MARK: mark}
        empty = {"$unset": {OUTBOX: "", OUTBOX_MARK: "", OUTBOX_SINCE: ""}}
        emptied = await collection.update_one({**published, GONE: None}, empty)
        if not emptied.matched_count:
            await collection.delete_one({**published, GONE: True})

    def _now_stuck(self, error: Unavailable) -> None:
        if not self._stuck:
            self._stuck = True
            log.warning("outbox.waiting", reason=error.message)
