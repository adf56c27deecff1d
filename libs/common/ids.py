"""Ids: UUIDv7 (RFC 9562, they sort by time), or derived where a rerun must find its own work again."""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_seed: ContextVar[Iterator[str] | None] = ContextVar("id_seed", default=None)
_VERSION_7 = 0x7 << 76
_VERSION_8 = 0x8 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = (1 << 74) - 1


def _format(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_id() -> str:
    """A UUIDv7; inside `seeded` the next id of that seed, so that a rerun makes the same ones."""
    seeds = _seed.get()
    return next(seeds) if seeds is not None else _uuid7()


def _uuid7() -> str:
    random = int.from_bytes(os.urandom(10), "big") & _RANDOM_BITS
    high, low = random >> 62, random & ((1 << 62) - 1)
    return _format((time.time_ns() // 1_000_000) << 80 | _VERSION_7 | high << 64 | _VARIANT | low)


def derived_id(parent: str, *parts: str) -> str:
    """A UUIDv8 that follows from `parent` and `parts`; keeps the time prefix of a UUIDv7 parent."""
    digest = hashlib.sha256("\0".join((parent, *parts)).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    if len(parent) == 36 and parent[14] == "7":
        number = int(parent[:8] + parent[9:13], 16) << 80 | number & ((1 << 80) - 1)
    return _format(number & ~(0xF << 76) & ~(0b11 << 62) | _VERSION_8 | _VARIANT)


@contextmanager
def seeded(seed: str) -> Iterator[None]:
    """Ids made inside follow from `seed`, in order of their making."""
    token = _seed.set(derived_id(seed, str(n)) for n in itertools.count())
    try:
        yield
    finally:
        _seed.reset(token)
