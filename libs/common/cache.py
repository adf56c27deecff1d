"""Followed caches: what an edge needs of an owner, kept in memory and dropped when the owner's topic says so."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from libs.common.errors import ServiceError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

log = structlog.get_logger()
_RETRY_S = 1.0
_OWNER_DOWN = 500


@dataclass(frozen=True, slots=True)
class Loaded(Generic[V]):
    """What the owner answered, filed under `tags`; a negative answer (None) is filed too.

    `keep` false answers who asks now, and nobody later: for what is too large to be held.
    """

    value: V
    tags: frozenset[str]
    keep: bool = True


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    tags: frozenset[str]
    loaded_at: float
    refresh_at: float


@dataclass(slots=True)
class _Load(Generic[V]):
    """One question to the owner, and the tags that were dropped since it was asked."""

    task: asyncio.Task[Loaded[V]]
    dropped: set[str]


class FollowedCache(Generic[K, V]):
    """Bounded, single-flight, filled on a miss.

    Whoever asks is answered with what the owner said after the last drop that was heard before. So a load that a
    drop overtook is not kept; it answers those who had asked before the drop, and the others ask anew.

    An entry is served for `fresh_s`, then served on while it is loaded anew behind the caller's back. When the
    owner is down it goes on serving until `stale_s` (None: without end), asked again at most once a second;
    after that `get` raises Unavailable. When the owner refuses (not found, forbidden) the entry is forgotten.
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
        self._roomy = capacity // 2  # while nothing will be put out soon, the order of use need not be kept
        self._fresh_s = fresh_s
        self._stale_s = stale_s
        self._now = monotonic
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._by_tag: dict[str, set[K]] = {}
        self._loads: dict[K, _Load[V]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: K) -> V:
        """The value; raises what the owner raises, Unavailable when it is down and nothing usable is held."""
        entry = self._entries.get(key)
        if entry is not None:
            now = self._now()
            if self._stale_s is None or now - entry.loaded_at < self._stale_s:
                if now >= entry.refresh_at:
                    self._refresh(key, entry, now)
                return self._hit(key, entry)
        self.misses += 1
        return await self._ask(key)

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
        if len(self._entries) > self._roomy:
            self._entries.move_to_end(key)
        return entry.value

    async def _ask(self, key: K) -> V:
        while True:
            load = self._loading(key)
            dropped_before = frozenset(load.dropped)
            try:
                loaded = await asyncio.shield(load.task)
            except ServiceError as error:
                if not dropped_before or error.status >= _OWNER_DOWN:
                    raise
                continue  # a refusal has no tags: it may be from before the drop
            if not loaded.tags & dropped_before:
                return loaded.value

    def _loading(self, key: K) -> _Load[V]:
        """The one load of this key, a task of its own: a caller that is cancelled leaves it to the others."""
        load = self._loads.get(key)
        if load is None:
            dropped: set[str] = set()
            task = asyncio.create_task(self._load_once(key, dropped), name=f"load {self.name}")
            task.add_done_callback(_retrieve)
            load = self._loads[key] = _Load(task, dropped)
        return load

    async def _load_once(self, key: K, dropped: set[str]) -> Loaded[V]:
        try:
            loaded = await self._load(key)
        except ServiceError as error:
            if error.status < _OWNER_DOWN:
                self._forget(key)
            raise
        finally:
            del self._loads[key]
        if loaded.tags & dropped or not loaded.keep:
            self._forget(key)
        else:
            self._keep(key, loaded)
        return loaded

    def _refresh(self, key: K, entry: _Entry[V], now: float) -> None:
        entry.refresh_at = now + _RETRY_S
        self._loading(key).task.add_done_callback(self._refreshed)

    def _refreshed(self, task: asyncio.Task[Loaded[V]]) -> None:
        if not task.cancelled() and (error := task.exception()):
            reason = error.code if isinstance(error, ServiceError) else repr(error)
            log.warning("cache.refresh_failed", cache=self.name, reason=reason)

    def _keep(self, key: K, loaded: Loaded[V]) -> None:
        self._forget(key)
        now = self._now()
        self._entries[key] = _Entry(loaded.value, loaded.tags, now, now + self._fresh_s)
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


def _retrieve(task: asyncio.Task[Loaded[V]]) -> None:
    """Every caller may have gone away meanwhile; then nobody else looks at the error."""
    if not task.cancelled():
        task.exception()
