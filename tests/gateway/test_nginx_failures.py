"""A real nginx: limits, and services that are away, slow, or break off. Nothing is done twice, and all heals."""

from __future__ import annotations

import asyncio
import io
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.gateway.conftest import INBOUND_LIMIT_BYTES, LIMIT_BYTES, Answer, Gateway, Starting
from tests.gateway.stand_ins import Answering, StandIn

pytestmark = pytest.mark.system

_HURRY = (("proxy_read_timeout 60s;", "proxy_read_timeout 300ms;"), ("connect_timeout 2s;", "connect_timeout 300ms;"))
_FORGIVING = ("fail_timeout=2s", "fail_timeout=1s")
_UNREACHED = "The service behind this path can't be reached; nothing was done."
_BROKEN = "The service behind this path broke off; it may have done its work."
_ONCE = [("PUT", "/v1/user/a"), ("DELETE", "/v1/user/a"), ("GET", "/platform/a/webhook")]
_REPLICATED = [
    *((method, "/v1/user/a") for method in ("GET", "HEAD", "POST", "PATCH")),
    *((method, "/platform/a/webhook") for method in ("POST", "PATCH")),
    *_ONCE,
]
_LATE = "The service behind this path took too long; it may do its work yet."


def _check_problem(answer: Answer, status: int, code: str, message: str) -> None:
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer
    assert (answer.body["status"], answer.body["code"]) == (status, code)
    assert answer.body["error"] == answer.body["detail"] == message
    assert answer.headers.getall("x-request-id") == [answer.body["requestId"]]
    assert answer.headers.get("Retry-After") == ("1" if status >= 502 else None)


def _breaking_off(service: StandIn) -> Answering:
    """Reads the request, and closes the connection in place of an answer."""

    async def answering(request: web.BaseRequest) -> web.StreamResponse:
        response = await service.tell(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    return answering


def _slow(service: StandIn, until: asyncio.Event) -> Answering:
    async def answering(request: web.BaseRequest) -> web.StreamResponse:
        response = await service.tell(request)
        await until.wait()
        return response

    return answering


@asynccontextmanager
async def _replica(name: str) -> AsyncIterator[StandIn]:
    service = StandIn(name)
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


def _free_port() -> tuple[socket.socket, str]:
    """An address that refuses connections as long as the socket is held."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held, f"127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize(
    ("path", "limit_bytes"), [("/v1/user", LIMIT_BYTES), ("/platform/a/webhook", INBOUND_LIMIT_BYTES)]
)
@pytest.mark.parametrize("expecting", [b"", b"Expect: 100-continue\r\n"])
async def test_a_body_over_the_limit_is_refused_before_it_is_read(
    gateway: Gateway, path: str, limit_bytes: int, expecting: bytes
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nx-request-id: mine\r\nContent-Length: {limit_bytes + 1}\r\n"
    answer = await gateway.send(head.encode() + expecting + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert f'"error":"The body is over the limit of {limit_bytes} bytes.","code":"body_too_large"' in answer.decode()
    assert b'"requestId":"mine"' in answer
    assert not any(each.received for each in gateway.services.values())


@pytest.mark.parametrize(
    ("path", "limit_bytes"), [("/v1/user", LIMIT_BYTES), ("/platform/a/webhook", INBOUND_LIMIT_BYTES)]
)
async def test_a_body_of_unknown_length_is_cut_off_at_the_limit(gateway: Gateway, path: str, limit_bytes: int) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (limit_bytes // 4, bytes(limit_bytes // 4))
    within = await gateway.send(head.encode() + chunk * 4 + b"0\r\n\r\n")
    assert within.startswith(b"HTTP/1.1 200 ")
    over = await gateway.send(head.encode() + chunk * 4 + b"1\r\nx\r\n0\r\n\r\n")
    assert over.startswith(b"HTTP/1.1 413 ")
    assert f"over the limit of {limit_bytes} bytes" in over.decode()


async def test_an_answer_to_a_body_that_is_not_read_comes_back(gateway: Gateway) -> None:
    async def answering(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=401, body=b"no")

    gateway.services["webhooks"].answering = answering
    for _ in range(10):
        body, close = io.BytesIO(bytes(INBOUND_LIMIT_BYTES)), {"Connection": "close"}
        answer = await gateway.ask("POST", "/platform/a/webhook", data=body, headers=close)
        assert (answer.status, answer.body) == (401, b"no")


async def test_a_service_that_is_away_is_a_problem_until_it_is_back(gateway: Gateway) -> None:
    for _ in range(2):
        await gateway.services["identity"].stop()
        for method in ("GET", "POST", "DELETE"):
            _check_problem(await gateway.ask(method, "/v1/user/a"), 503, "unavailable", _UNREACHED)
        assert (await gateway.ask("GET", "/v1/service")).status == 200
        await gateway.services["identity"].start()
        for method in ("GET", "POST", "DELETE"):
            assert (await gateway.ask(method, "/v1/user/a")).status == 200


async def test_a_head_request_gets_the_problem_s_headers(gateway: Gateway) -> None:
    await gateway.services["identity"].stop()
    answer = await gateway.ask("HEAD", "/v1/user", headers={"x-request-id": "mine"})
    assert (answer.status, answer.headers["Retry-After"], answer.headers["x-request-id"]) == (503, "1", "mine")


async def test_a_service_that_breaks_off_is_another_problem(gateway: Gateway) -> None:
    identity = gateway.services["identity"]
    identity.answering = _breaking_off(identity)
    for method in ("POST", "PUT", "GET", "DELETE"):
        body = b"{}" if method.startswith("P") else None
        _check_problem(await gateway.ask(method, "/v1/user/a", data=body), 502, "bad_gateway", _BROKEN)
    assert [told["method"] for told in identity.received] == ["POST", "PUT", "GET", "DELETE"]


async def test_a_service_that_is_late_is_a_problem_of_its_own(starting: Starting) -> None:
    until = asyncio.Event()
    async with starting(*_HURRY) as gateway:
        executor = gateway.services["executor"]
        executor.answering = _slow(executor, until)
        _check_problem(await gateway.ask("POST", "/v1/execute", data=b"{}"), 504, "timeout", _LATE)
        assert len(executor.received) == 1
        until.set()
        assert (await gateway.ask("POST", "/v1/execute", data=b"{}")).status == 200


async def test_an_address_that_does_not_answer_at_all_is_unreachable(starting: Starting) -> None:
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(deaf.getsockname())
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        async with starting(*_HURRY, replicas={"identity": (address,)}) as gateway:
            _check_problem(await gateway.ask("POST", "/v1/user", data=b"{}"), 503, "unavailable", _UNREACHED)


async def test_a_replica_that_is_away_costs_no_request(starting: Starting) -> None:
    """But of those that are never repeated now and then one, with the word that nothing was done."""
    held, nowhere = _free_port()
    with held:
        async with _replica("here") as here:
            everywhere = {name: (nowhere, here.address) for name in ("identity", "webhooks")}
            async with starting(replicas=everywhere) as gateway:
                refused = 0
                for number in range(40):
                    for method, path in _REPLICATED:
                        body = b"{}" if method.startswith("P") else None
                        answer = await gateway.ask(method, f"{path}?n={number}", data=body)
                        if answer.status == 503 and (method, path) in _ONCE:
                            refused += 1
                        else:
                            assert answer.status == 200, (method, path)
    assert set(Counter((told["method"], told["target"]) for told in here.received).values()) == {1}
    assert len(here.received) + refused == 40 * len(_REPLICATED)
    assert refused < 10


@pytest.mark.parametrize(
    ("method", "path", "times"),
    [
        ("GET", "/v1/user/a", 2),
        ("HEAD", "/v1/user/a", 2),
        ("DELETE", "/v1/user/a", 1),
        ("POST", "/v1/user/a", 1),
        ("PATCH", "/v1/user/a", 1),
        ("PUT", "/v1/user/a", 1),
        ("POST", "/platform/a/webhook", 1),
        ("GET", "/platform/a/webhook", 1),
        ("DELETE", "/platform/a/webhook/b", 1),
        ("PROPFIND", "/platform/a/webhook/b", 1),
    ],
)
@pytest.mark.parametrize("failing", ["breaks off", "is late"])
async def test_another_replica_is_asked_where_nothing_can_be_done_twice(
    starting: Starting, method: str, path: str, times: int, failing: str
) -> None:
    until = asyncio.Event()
    async with _replica("one") as one, _replica("two") as two:
        for each in (one, two):
            each.answering = _breaking_off(each) if failing == "breaks off" else _slow(each, until)
        both = (one.address, two.address)
        async with starting(*_HURRY, replicas={"identity": both, "webhooks": both}) as gateway:
            answer = await gateway.ask(method, path, data=b"{}" if method.startswith("P") else None)
            until.set()
            if method == "HEAD":
                assert answer.status == (502 if failing == "breaks off" else 504)
            elif failing == "breaks off":
                _check_problem(answer, 502, "bad_gateway", _BROKEN)
            else:
                _check_problem(answer, 504, "timeout", _LATE)
    assert len(one.received) + len(two.received) == times


async def test_an_idle_connection_that_a_service_has_closed_costs_no_request(gateway: Gateway) -> None:
    identity = gateway.services["identity"]
    for _ in range(20):
        assert (await gateway.ask("GET", "/v1/user/a")).status == 200
        await identity.stop()
        await identity.start()
    assert len(identity.received) == 20


async def test_replicas_are_replaced_under_load(starting: Starting) -> None:
    """Every GET succeeds, and no POST is heard twice, however it was answered."""
    async with (
        _replica("one") as one,
        _replica("two") as two,
        starting(replicas={"identity": (one.address, two.address)}) as gateway,
    ):
        replaced = asyncio.Event()

        async def load(sender: int) -> list[tuple[str, int]]:
            answers, number = [], 0
            while not replaced.is_set():
                number += 1
                for method in ("GET", "POST"):
                    answer = await gateway.ask(method, f"/v1/user/a?n={sender}-{number}", data=b"x" * 100)
                    answers.append((method, answer.status))
            return answers

        async def replace() -> None:
            for each, other in ((one, two), (two, one)):
                await each.stop()
                await _heard(other, 50)
                await each.start()
                await _heard(each, 5)
            replaced.set()

        loads, _ = await asyncio.gather(asyncio.gather(*map(load, range(8))), replace())
        answers = Counter(answer for each in loads for answer in each)
    assert [method for method, status in answers if status != 200 and method == "GET"] == []
    assert answers["POST", 200] > 200
    heard = Counter((told["method"], told["target"]) for told in (*one.received, *two.received))
    assert {count for (method, _), count in heard.items() if method == "POST"} == {1}


async def _heard(service: StandIn, more: int) -> None:
    """Returns once it was sent so many more requests."""
    wanted, heard, tell = len(service.received) + more, asyncio.Event(), service.tell

    async def answering(request: web.BaseRequest) -> web.StreamResponse:
        response = await tell(request)
        if len(service.received) >= wanted:
            heard.set()
        return response

    service.answering = answering
    await heard.wait()
