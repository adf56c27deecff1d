"""Followed caches: what an edge needs of an owner, kept in memory and dropped when the owner's topic says so."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from libs.common.errors import ServiceError, Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

log = structlog.get_logger()
_MAX_RELOADS = 3


@dataclass(frozen=True, slots=True)
class Loaded(Generic[V]):
    """What the owner answered, filed under `tags`; a negative answer (None) is filed too."""

    value: V
    tags: frozenset[str]


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    tags: frozenset[str]
    loaded_at: float
    refreshing: bool = False


@dataclass(slots=True)
class _Load(Generic[V]):
    future: asyncio.Future[V]
    dropped: set[str]


class FollowedCache(Generic[K, V]):
    """Bounded, single-flight, filled on a miss; a drop that overtakes a fill makes the fill load again.

    An entry is served for `fresh_s`, then served once more while it is loaded anew behind the caller's back.
    When the owner is down it goes on serving until `stale_s` (None: without end), after which `get` raises
    Unavailable.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[K], Awaitable[Loaded[V]]],
        *,
        capacity: int = 10_000,
        fresh_s: float = 60.0,
        stale_s: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.hits = 0
        self.misses = 0
        self._load = load
        self._capacity = capacity
        self._fresh_s = fresh_s
        self._stale_s = stale_s
        self._now = monotonic
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._by_tag: dict[str, set[K]] = {}
        self._loads: dict[K, _Load[V]] = {}
        self._refreshes: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: K) -> V:
        """The value; raises what the owner raises, Unavailable when it is down and nothing usable is held."""
        entry = self._entries.get(key)
        if entry is not None:
            age_s = self._now() - entry.loaded_at
            if age_s < self._fresh_s:
                return self._hit(key, entry)
            if self._stale_s is None or age_s < self._stale_s:
                self._refresh(key, entry)
                return self._hit(key, entry)
        self.misses += 1
        return await self._fill(key)

    def peek(self, key: K) -> V | None:
        """A fresh value without awaiting, or None."""
        entry = self._entries.get(key)
        if entry is None or self._now() - entry.loaded_at >= self._fresh_s:
            return None
        return self._hit(key, entry)

    def drop(self, tags: Iterable[str]) -> None:
        """Forgets every entry filed under any of these, and what is being loaded for them."""
        for tag in tags:
            for load in self._loads.values():
                load.dropped.add(tag)
            for key in self._by_tag.pop(tag, ()):
                self._forget(key)

    def _hit(self, key: K, entry: _Entry[V]) -> V:
        self.hits += 1
        self._entries.move_to_end(key)
        return entry.value

    async def _fill(self, key: K) -> V:
        load = self._loads.get(key)
        if load is None:
            load = self._loads[key] = _Load(asyncio.get_running_loop().create_future(), set())
            try:
                load.future.set_result(await self._load_settled(key, load))
            except BaseException as error:
                load.future.set_exception(_for_waiters(error))
                load.future.exception()  # nobody may be waiting; the caller gets the error itself
                raise
            finally:
                del self._loads[key]
        return await asyncio.shield(load.future)

    async def _load_settled(self, key: K, load: _Load[V]) -> V:
        """Loads until no drop overtook the answer; gives up keeping it after a few tries."""
        for _ in range(_MAX_RELOADS):
            load.dropped.clear()
            loaded = await self._load(key)
            if not (loaded.tags & load.dropped):
                self._keep(key, loaded)
                break
        return loaded.value

    def _refresh(self, key: K, entry: _Entry[V]) -> None:
        if entry.refreshing or key in self._loads:
            return
        entry.refreshing = True
        task = asyncio.ensure_future(self._refresh_quietly(key, entry))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)

    async def _refresh_quietly(self, key: K, entry: _Entry[V]) -> None:
        try:
            await self._fill(key)
        except Unavailable as error:
            log.warning("cache.refresh_failed", cache=self.name, code=error.code)
        except ServiceError:  # the owner's answer by now, which the next caller gets to hear
            if self._entries.get(key) is entry:
                self._forget(key)
        finally:
            entry.refreshing = False

    def _keep(self, key: K, loaded: Loaded[V]) -> None:
        self._forget(key)
        self._entries[key] = _Entry(loaded.value, loaded.tags, self._now())
        for tag in loaded.tags:
            self._by_tag.setdefault(tag, set()).add(key)
        if len(self._entries) > self._capacity:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for tag in entry.tags:
            keys = self._by_tag.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]


def _for_waiters(error: BaseException) -> BaseException:
    """A cancelled loader must not cancel those who wait for the same entry."""
    if isinstance(error, asyncio.CancelledError):
        return Unavailable("load_interrupted", "The answer was interrupted; try again.", retry_after_s=1)
    return error
