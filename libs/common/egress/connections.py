"""Connections that bear with a server only so long: aiohttp itself would read interim answers without end."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage

MAX_INTERIM_ANSWERS = 32


class Connector(aiohttp.TCPConnector):
    """A pool of such connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(PatientHandler, loop=self._loop))


class PatientHandler(ResponseHandler):
    """One connection. Answers of the kind 1xx announce an answer; too many in a row are none."""

    _interim = 0

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Hears each head of an answer as it is read."""
        self._interim = self._interim + 1 if 100 <= data[0].code < 200 else 0
        if self._interim <= MAX_INTERIM_ANSWERS:
            super().feed_data(data, size)
        elif self.exception() is None:
            self.close()  # first, as it forgets the exception
            self.set_exception(BadHttpMessage("interim answers without end"))
