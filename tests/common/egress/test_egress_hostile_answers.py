"""Servers that never come to an end, or answer what is none: each a sentence, soon, in little memory."""

from __future__ import annotations

import asyncio
import time
import zlib
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from libs.common.egress import EgressClient, EgressError, EgressResponse, EgressTimeout

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_LIMIT_BYTES = 64 * 1024
_LONGEST_BLOCK_S = 0.15


def bomb(layers: int = 1) -> bytes:
    packed = bytes(16 << 20)
    for _ in range(layers):
        deflate = zlib.compressobj(wbits=31)
        packed = deflate.compress(packed) + deflate.flush()
    return packed


def packed(encoding: bytes, body: bytes) -> bytes:
    return _OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (encoding, len(body), body)


# What is sent at once, what is sent after it again and again, and the code of the error.
ENDLESS = {
    "headers": (_OK, b"X-A: b\r\n" * 500, "protocol"),
    "one header": (_OK + b"X-A: ", b"y" * 4096, "protocol"),
    "a reason": (b"HTTP/1.1 200 ", b"y" * 4096, "protocol"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500, "protocol"),
    "103 Early Hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500, "protocol"),
    "a body of unknown length": (_OK + b"\r\n", b"x" * 65536, "response_too_large"),
    "a body of a length": (_OK + b"Content-Length: 999999999999\r\n\r\n", b"x" * 65536, "response_too_large"),
    "chunks": (_CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n", "response_too_large"),
    "small chunks": (_CHUNKED, b"1\r\nx\r\n" * 1000, "response_too_large"),
    "a chunk's extension": (_CHUNKED + b"1;", b"x" * 65536, "timeout"),
    "trailers": (_CHUNKED + b"1\r\nx\r\n0\r\n", b"X-A: b\r\n" * 500, "protocol"),
    "nothing": (b"", b"", "timeout"),
    "nothing after the status": (b"HTTP/1.1 200", b"", "timeout"),
    "nothing after the headers": (_OK + b"Content-Length: 10\r\n\r\nx", b"", "timeout"),
}
WRONG = {
    "a length that is too long": _OK + b"Content-Length: 100\r\n\r\nshort",
    "a length without end": _OK + b"Content-Length: 99999999999999999999999\r\n\r\nx",
    "a negative length": _OK + b"Content-Length: -1\r\n\r\nx",
    "a length in words": _OK + b"Content-Length: ten\r\n\r\nx",
    "two lengths": _OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "a length and chunks": _OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "chunks of no size": _CHUNKED + b"zz\r\nx\r\n",
    "chunks of a negative size": _CHUNKED + b"-1\r\nx\r\n",
    "a zero in a header": _OK + b"X-A: a\0b\r\n\r\n",
    "a header without a name": _OK + b": b\r\n\r\n",
    "many headers": _OK + b"X-A: bbbbbbbbbbbbbbbb\r\n" * 10_000 + b"\r\n",
    "HTTP/0.9": b"<html>hello</html>\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "another protocol": b"220 mail.example ESMTP\r\n",
    "packed what is not packed": packed(b"gzip", b"plain"),
}


class Speaker:
    """A server that says what it is told to, as long as anybody listens."""

    def __init__(self, first: bytes, after: bytes = b"", *, ends: bool = True, pause_s: float = 0) -> None:
        self._first = first
        self._after = after
        self._ends = ends
        self._pause_s = pause_s
        self.gone = asyncio.Semaphore(0)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._first)
            await writer.drain()
            while self._after:
                writer.write(self._after)
                await writer.drain()
                await asyncio.sleep(self._pause_s)
            if not self._ends:
                await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.gone.release()


async def asked(client: EgressClient, speaker: Speaker, *, times: int = 1, timeout_s: float = 20) -> EgressResponse:
    """The last answer."""
    async with await asyncio.start_server(speaker, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for _ in range(times):
            try:
                answer = await client.request("GET", url, timeout_s=timeout_s, max_bytes=_LIMIT_BYTES)
            finally:
                await speaker.gone.acquire()
    return answer


class Pulse:
    """How long the loop worked at most before others had their turn; in CPU time, as the machine may be busy."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def beat(self) -> None:
        while True:
            began_s = time.thread_time()
            await asyncio.sleep(0)
            self.longest_s = max(self.longest_s, time.thread_time() - began_s)


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_has_no_end_is_ended(client: EgressClient, what: str) -> None:
    first, after, code = ENDLESS[what]
    pulse = Pulse()
    beating = asyncio.create_task(pulse.beat())
    with pytest.raises(EgressError, match=r"\.$") as error:
        await asked(client, Speaker(first, after, ends=False), timeout_s=0.2 if code == "timeout" else 20)
    beating.cancel()
    assert error.value.code == code
    assert pulse.longest_s < _LONGEST_BLOCK_S


@pytest.mark.parametrize("what", WRONG)
async def test_what_is_no_answer_is_a_sentence(client: EgressClient, what: str) -> None:
    with pytest.raises(EgressError, match=r"^127\.0\.0\.1 .*\.$") as error:
        await asked(client, Speaker(WRONG[what]))
    assert error.value.code == "protocol"


async def test_a_body_that_comes_byte_by_byte_is_a_timeout(client: EgressClient) -> None:
    with pytest.raises(EgressTimeout):
        await asked(client, Speaker(_OK + b"Content-Length: 100000\r\n\r\n", b"x", pause_s=0.01), timeout_s=0.2)


async def test_some_interim_answers_come_before_the_answer(client: EgressClient) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20
    answer = await asked(client, Speaker(hints + _OK + b"Content-Length: 2\r\n\r\nok"))
    assert (answer.status, answer.body) == (200, b"ok")


async def test_what_comes_after_the_answer_is_not_the_next_one(client: EgressClient) -> None:
    answer = _OK + b"Content-Length: 2\r\n\r\nok" + _OK + b"Content-Length: 4\r\n\r\nevil"
    assert (await asked(client, Speaker(answer), times=2)).body == b"ok"


async def test_a_bomb_does_not_go_off(client: EgressClient) -> None:
    with pytest.raises(EgressError) as error:
        await asked(client, Speaker(packed(b"gzip", bomb())))
    assert error.value.code == "response_too_large"


async def test_a_bomb_in_a_bomb_is_answered_as_it_is(client: EgressClient) -> None:
    answer = await asked(client, Speaker(packed(b"gzip, gzip", bomb(layers=2))))
    assert len(answer.body) < 1024


async def test_a_header_that_is_not_utf_8_is_read_as_latin_1(client: EgressClient) -> None:
    headers = b"X-Name: Jos\xe9\r\nX-Utf8: Jos\xc3\xa9\r\nX-Half: \xed\xa0\x80\r\nX-Name: \xc3\xa9\r\n"
    answer = await asked(client, Speaker(_OK + headers + b"Content-Length: 0\r\n\r\n"))
    assert answer.headers["x-name"] == "José, é"
    assert answer.headers["x-utf8"] == "José"
    assert answer.headers["x-half"] == "\xed\xa0\x80"


async def test_a_redirect_to_latin_1_is_followed(client: EgressClient, serve: Any) -> None:
    async def path(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.path)

    location = b"Location: http://127.0.0.1:%d/caf\xe9\r\n" % await serve(path)
    speaker = Speaker(b"HTTP/1.1 302 Found\r\n" + location + b"Content-Length: 0\r\n\r\n")
    async with await asyncio.start_server(speaker, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await client.request("GET", url, max_redirects=1)).body == "/café".encode()
        await speaker.gone.acquire()
