"""The receiving end: a lean HTTP server that notes when each id arrived and answers with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from tests.bench.wire import ID_BYTES, ID_MARK

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (len('{"id":""}') + ID_BYTES)
) + b'{"id":"%s"}'
_NO_ID = b"-" * ID_BYTES


class Sink(asyncio.Protocol):
    """One connection. `arrived` hears of every id, with the nanoseconds of the machine's clock."""

    def __init__(self, arrived: Callable[[bytes, int], None]) -> None:
        self._arrived = arrived
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := _request_end(self._pending)) is not None:
            request, self._pending = self._pending[:end], self._pending[end:]
            at = request.find(ID_MARK)
            id = request[at : at + ID_BYTES] if at >= 0 else _NO_ID
            if self._transport is not None:
                self._transport.write(_ANSWER % id)
            self._arrived(id, time.monotonic_ns())


def _request_end(data: bytes) -> int | None:
    """Where the first whole request ends, None while there is none."""
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    end = head_end + 4 + content_length(data[:head_end])
    return end if len(data) >= end else None


def content_length(head: bytes) -> int:
    """As the head declares it, 0 where it doesn't."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
