"""What every figure is compared with: aiohttp endpoints that do the least which answers the same question.

Prints the port of the aiohttp server, then the port of a lean one that shows what the generator itself can do.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import ClientSession, TCPConnector, web

from tests.bench.sink import Sink
from tests.bench.wire import ID_BYTES, ID_MARK

_JSON = {"Content-Type": "application/json"}
_READ_BYTES = 1000
_read: dict[str, bytes] = {}


async def answer(request: web.Request) -> web.Response:
    """Reads the body and answers with the request's id."""
    body = await request.read()
    return web.Response(body=b'{"id":"%s"}' % _id(request, body), headers=_JSON)


async def forward(request: web.Request) -> web.Response:
    """Hands the body on to the sink, then answers."""
    body = await request.read()
    id = _id(request, body)
    async with _session(request).post(_sink(request), data=body, headers={"X-Id": id.decode()}) as response:
        await response.read()
    return web.Response()


async def call(request: web.Request) -> web.Response:
    """Asks the sink and answers what it said."""
    async with _session(request).post(_sink(request), data=await request.read(), headers=_JSON) as response:
        return web.Response(body=await response.read(), headers=_JSON)


async def read(request: web.Request) -> web.Response:
    """Answers a kilobyte, or as many bytes as were asked for."""
    size = request.query.get("bytes", "")
    if size not in _read:
        _read[size] = b'"' + b"x" * (int(size or _READ_BYTES) - 2) + b'"'
    return web.Response(body=_read[size], headers=_JSON)


def _id(request: web.Request, body: bytes) -> bytes:
    given = request.headers.get("X-GitHub-Delivery")
    at = body.find(ID_MARK)
    return given.encode() if given is not None else body[at : at + ID_BYTES]


_SESSION = web.AppKey("session", ClientSession)
_SINK = web.AppKey("sink", str)


def _session(request: web.Request) -> ClientSession:
    return request.app[_SESSION]


def _sink(request: web.Request) -> str:
    return request.app[_SINK]


async def main(sink_port: str) -> None:
    app = web.Application()
    app[_SINK] = f"http://127.0.0.1:{sink_port}/"
    app.add_routes([web.post(f"/{handler.__name__}", handler) for handler in (answer, forward, call)])
    app.router.add_get("/read", read)
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        app[_SESSION] = session
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        lean = await asyncio.get_running_loop().create_server(lambda: Sink(lambda id, at_ns: None), "127.0.0.1", 0)
        sys.stdout.write(f"{runner.addresses[0][1]} {lean.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
