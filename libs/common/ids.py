"""Ids: UUIDv7 (RFC 9562, they sort by time), or derived where a rerun must find its own work again."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_seed: ContextVar[Iterator[str] | None] = ContextVar("id_seed", default=None)
_VERSION_7 = 0x7 << 76
_VERSION_8 = 0x8 << 76
_VARIANT = 0b10 << 62
_RANDOM = (1 << 74) - 1
_LOW = (1 << 62) - 1
_FETCHED_IDS = 128
_pool: list[bytes] = []
os.register_at_fork(after_in_child=_pool.clear)
_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


def _format(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_id() -> str:
    """A UUIDv7; inside `seeded` the next id of that seed, so that a rerun makes the same ones."""
    seeds = _seed.get()
    return next(seeds) if seeds is not None else _uuid7()


def _uuid7() -> str:
    chance = int.from_bytes(_random_bytes()) & _RANDOM
    return _format(time.time_ns() // 1_000_000 << 80 | _VERSION_7 | chance >> 62 << 64 | _VARIANT | chance & _LOW)


def _random_bytes() -> bytes:
    """Ten bytes of the system's randomness, fetched for many ids at once: each fetch lets other threads in."""
    if not _pool:
        fetched = os.urandom(_FETCHED_IDS * 10)
        _pool.extend(fetched[start : start + 10] for start in range(0, len(fetched), 10))
    return _pool.pop()


def derived_id(parent: str, *parts: str) -> str:
    """A UUIDv8 that follows from `parent` and `parts`; keeps the time prefix of a UUIDv7 parent."""
    named = "".join(f"{len(part)}:{part}" for part in (parent, *parts))  # lengths, for a part may hold anything
    digest = hashlib.sha256(named.encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[:16], "big")
    if born := _UUID7.match(parent):
        number = int(born[1] + born[2], 16) << 80 | number & ((1 << 80) - 1)
    return _format(number & ~(0xF << 76) & ~(0b11 << 62) | _VERSION_8 | _VARIANT)


@contextmanager
def seeded(seed: str) -> Iterator[None]:
    """Ids made inside follow from `seed`, in order of their making."""
    token = _seed.set(derived_id(seed, str(n)) for n in itertools.count())
    try:
        yield
    finally:
        _seed.reset(token)
