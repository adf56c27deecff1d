"""A wire to a MongoDB that loses answers, falls silent or breaks, as a test says."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

_HEADER_BYTES = 16
_NAME_AT = _HEADER_BYTES + 4 + 1 + 4 + 1  # flags, kind of section, size of the command, type of its first member


class MongoProxy:
    """`url` leads through it, to one server, whatever that says of its name."""

    def __init__(self, url: str) -> None:
        self._host, _, port = urlsplit(url).netloc.rpartition(":")
        self._port = int(port)
        self._losing: Tally[str] = Tally()
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._lines: set[asyncio.Task[None]] = set()
        self.lost: list[str] = []

    def lose_answers(self, command: str, times: int = 1) -> None:
        """The server does the next of these commands, and its answer never arrives."""
        self._losing[command] += times

    def fall_silent(self) -> None:
        self._speaking.clear()

    def speak(self) -> None:
        self._speaking.set()

    async def serve(self, port: int = 0) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        address = server.sockets[0].getsockname()
        options = "directConnection=true&serverMonitoringMode=poll&heartbeatFrequencyMS=500"
        self.url = f"mongodb://127.0.0.1:{address[1]}/?{options}"
        return server

    async def hang_up(self) -> None:
        while self._lines:  # one that was on its way may come in meanwhile
            for line in self._lines:
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)
        try:
            with closing(writer):
                await self._carry(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # the caller hung up, or the test did

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond_reader, beyond = await asyncio.open_connection(self._host, self._port)
        with closing(beyond):
            while True:
                asked = await _message(reader)
                beyond.write(asked)
                answer = await _message(beyond_reader)
                command = _command(asked)
                if self._losing[command] > 0:
                    self._losing[command] -= 1
                    self.lost.append(command)
                    return
                await self._speaking.wait()
                writer.write(answer)


async def _message(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(int.from_bytes(size, "little") - 4)


def _command(message: bytes) -> str:
    return message[_NAME_AT : message.index(b"\0", _NAME_AT)].decode(errors="replace")


@asynccontextmanager
async def mongo_proxy(url: str) -> AsyncIterator[MongoProxy]:
    proxy = MongoProxy(url)
    server = await proxy.serve()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.hang_up()
