"""Connections that bear with a server only so long: aiohttp itself would read interim answers without end."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage

MAX_INTERIM_ANSWERS = 32
_SLICE_BYTES = 4096


class Connector(aiohttp.TCPConnector):
    """A pool of such connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(PatientHandler, loop=self._loop))


class PatientHandler(ResponseHandler):
    """One connection. Answers of the kind 1xx announce an answer; too many in a row are none."""

    _interim = 0

    def data_received(self, data: bytes) -> None:
        """A head is parsed in small slices, so that a flood of them is noticed before all of it was made objects."""
        while len(data) > _SLICE_BYTES and self.connected and (self._payload is None or self._payload.is_eof()):
            super().data_received(data[:_SLICE_BYTES])
            data = data[_SLICE_BYTES:]
        if self.connected or not data:
            super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Hears each head of an answer as it is read."""
        self._interim = self._interim + 1 if 100 <= data[0].code < 200 else 0
        if self._interim <= MAX_INTERIM_ANSWERS:
            super().feed_data(data, size)
        elif self.exception() is None:
            self.close()  # first, as it forgets the exception
            self.set_exception(BadHttpMessage("interim answers without end"))
