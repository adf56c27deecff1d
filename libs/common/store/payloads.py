"""Payloads as they are stored: compressed where that helps, cut into chunks."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

CHUNK_BYTES = 256 * 1024
_COMPRESS_FROM_BYTES = 4 * 1024
_FAST_LEVEL = 1
_OFF_THE_LOOP_FROM_BYTES = 64 * 1024  # zlib takes a millisecond for about this much

Encoding: TypeAlias = Literal[0, 1]
PLAIN: Encoding = 0
ZLIB: Encoding = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """A payload ready to be stored."""

    encoding: Encoding
    chunks: tuple[bytes, ...]


def pack(payload: bytes) -> Packed:
    if len(payload) >= _COMPRESS_FROM_BYTES:
        compressed = zlib.compress(payload, _FAST_LEVEL)
        if len(compressed) < len(payload):
            return Packed(ZLIB, _cut(compressed))
    return Packed(PLAIN, _cut(payload))


async def pack_off_the_loop(payload: bytes) -> Packed:
    """`pack`, in a thread if it would hold up the event loop."""
    if len(payload) < _OFF_THE_LOOP_FROM_BYTES:
        return pack(payload)
    return await asyncio.to_thread(pack, payload)


def unpack(encoding: int, chunks: list[bytes]) -> bytes:
    data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    return zlib.decompress(data) if encoding == ZLIB else data


def _cut(data: bytes) -> tuple[bytes, ...]:
    if len(data) <= CHUNK_BYTES:
        return (data,) if data else ()
    return tuple(data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))
