"""A real nginx: what is sent arrives as it was sent, and what is answered comes back as it was answered."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web

from tests.gateway.conftest import INBOUND_LIMIT_BYTES, LIMIT_BYTES, Gateway, Starting

pytestmark = pytest.mark.system

_MADE_BY_NGINX = {"connection", "host", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}


async def test_a_signed_request_arrives_as_it_was_sent(gateway: Gateway) -> None:
    """Path, query, headers with their case, order, spaces, repetitions and bytes, and the body."""
    target = b"/platform/interactor%2Fx/webhook/a%2fb%20?state=%7B%22a%22%3A1%7D&state=+&;x=%ff&&y"
    headers = [
        (b"X-Hub-Signature-256", b"sha256=0a"),
        (b"api_key", b"under_score"),
        (b"X.Dotted!#$%&'*+^`|~", b"odd name"),
        (b"X-Twice", b"1"),
        (b"x-twice", b"2, 3"),
        (b"X-Bytes", b"caf\xc3\xa9 \xe9 \t tab"),
        (b"X-Empty", b""),
        (b"Cookie", b"a=1; b=2"),
        (b"Cookie", b"c=3"),
        (b"Authorization", b"Bearer x"),
        (b"Content-Encoding", b"gzip"),
        (b"Content-Type", b"application/x-www-form-urlencoded; charset=x"),
        (b"Accept-Encoding", b"gzip, br"),
        (b"If-None-Match", b'"x"'),
        (b"Range", b"bytes=0-1"),
        (b"User-Agent", b"GitHub-Hookshot/1"),
        (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
    body = bytes(range(256)) * 3
    lines = [b": ".join(each) for each in (*headers, (b"Content-Length", str(len(body)).encode()))]
    head = b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: Hooks.Example.com:8443", *lines])
    answer = await gateway.send(head + b"\r\nConnection: close\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    told = gateway.services["webhooks"].received.pop()
    assert (told["method"], told["target"]) == ("POST", target.decode())
    assert told["sha256"] == hashlib.sha256(body).hexdigest()
    arrived = [(name, value) for name, value in told["headers"] if name.lower() not in _MADE_BY_NGINX]
    sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    assert [each for each in arrived if each[0] != "Content-Length"] == sent
    assert ["Host", "Hooks.Example.com:8443"] in told["headers"]


async def test_what_the_gateway_says_of_a_caller_is_not_the_caller_s(gateway: Gateway) -> None:
    claims = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=1.2.3.4",
        "Host": "api.example:1",
    }
    await gateway.ask("GET", "/v1/user", headers=claims)
    told = gateway.services["identity"].received.pop()["headers"]
    assert sorted(each for each in told if each[0].lower() in _MADE_BY_NGINX) == [
        ["Host", "api.example:1"],
        ["X-Forwarded-For", "127.0.0.1"],
        ["X-Forwarded-Host", "api.example:1"],
        ["X-Forwarded-Proto", "http"],
    ]


async def test_keys_pass_in_each_of_their_headers(gateway: Gateway) -> None:
    keys = {"api_key": "a", "x-api-key": "b", "Authorization": "Bearer c"}
    await gateway.ask("GET", "/v1/user", headers=keys)
    told = dict(gateway.services["identity"].received.pop()["headers"])
    assert {name: told[name] for name in keys} == keys


async def test_the_service_s_request_id_comes_back(gateway: Gateway) -> None:
    given = await gateway.ask("GET", "/v1/user", headers={"x-request-id": 'mine "\\ {}'})
    assert given.headers.getall("x-request-id") == ['mine "\\ {}']
    made = await gateway.ask("GET", "/v1/user")
    assert made.headers.getall("x-request-id") == ["made-by-identity"]
    assert "x-request-id" not in {name.lower() for name, _ in gateway.services["identity"].received.pop()["headers"]}


@pytest.mark.parametrize("given", ["two words", "x" * 129, 'quo"te', "back\\slash", ""])
async def test_an_id_that_could_not_stand_in_a_problem_is_replaced(gateway: Gateway, given: str) -> None:
    answer = await gateway.ask("GET", "/healthz", headers={"x-request-id": given})
    assert len(answer.body["requestId"]) == 32
    assert answer.headers["x-request-id"] == answer.body["requestId"]


async def test_an_id_of_any_other_printable_characters_stands_in_a_problem(gateway: Gateway) -> None:
    given = "!#$%&'()*+,-./0189:;<=>?@AZ[]^_`az{|}~".ljust(128, "x")
    answer = await gateway.ask("GET", "/healthz", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"], answer.body["requestId"]) == (given, given)


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_largest_webhook_arrives_and_is_never_put_into_a_file(gateway: Gateway, chunked: bool) -> None:
    body = os.urandom(INBOUND_LIMIT_BYTES)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1 << 18):
            yield body[start : start + (1 << 18)]

    answer = await gateway.ask("POST", "/platform/a/webhook/b", data=pieces() if chunked else io.BytesIO(body))
    assert (answer.status, answer.body["bytes"]) == (200, len(body))
    assert answer.body["sha256"] == hashlib.sha256(body).hexdigest()
    assert [path for folder in ("body", "proxy") for path in (gateway.nginx.folder / folder).rglob("*")] == []


async def test_the_largest_api_body_arrives(gateway: Gateway) -> None:
    answer = await gateway.ask("PUT", "/v1/user/a", data=bytes(LIMIT_BYTES))
    assert (answer.status, answer.body["bytes"]) == (200, LIMIT_BYTES)


async def test_a_large_answer_comes_back_as_it_is(gateway: Gateway) -> None:
    sent = os.urandom(12 << 20)

    async def answering(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=sent, headers={"Content-Encoding": "x", "Set-Cookie": "a=1", "ETag": '"e"'})

    gateway.services["executor"].answering = answering
    answer = await gateway.ask("POST", "/v1/execute", headers={"Accept-Encoding": "gzip"})
    assert answer.body == sent
    assert [answer.headers[name] for name in ("Content-Encoding", "Set-Cookie", "ETag")] == ["x", "a=1", '"e"']
    assert list((gateway.nginx.folder / "proxy").rglob("*")) == []


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 400, 401, 404, 405, 413, 422, 429, 500, 502, 503, 504])
async def test_a_service_s_own_answer_is_never_replaced(gateway: Gateway, status: int) -> None:
    async def answering(_request: web.BaseRequest) -> web.StreamResponse:
        headers = {"Content-Type": "text/x", "Location": "http://webhooks/there", "Retry-After": "7", "Link": "<x>"}
        return web.Response(status=status, body=None if status in (204, 304) else b"mine", headers=headers)

    gateway.services["webhooks"].answering = answering
    answer = await gateway.ask("GET", "/platform/a/webhook")
    assert (answer.status, answer.body) == (status, b"" if status in (204, 304) else b"mine")
    assert answer.headers["Location"] == "http://webhooks/there"
    assert answer.headers.getall("Retry-After") == ["7"]


async def test_a_hook_s_headers_do_not_steer_nginx(gateway: Gateway) -> None:
    async def answering(_request: web.BaseRequest) -> web.StreamResponse:
        headers = {"X-Accel-Redirect": "/-/api", "X-Accel-Limit-Rate": "1", "X-Accel-Charset": "x"}
        return web.Response(body=b"mine" * 1_000, headers=headers)

    gateway.services["webhooks"].answering = answering
    answer = await gateway.ask("GET", "/platform/a/webhook")
    assert (answer.status, answer.body) == (200, b"mine" * 1_000)


async def test_requests_are_logged_where_that_is_asked_for(starting: Starting) -> None:
    async with starting(access_log=True) as gateway:
        await gateway.ask("PUT", "/v1/user/a%22b?token=secret", headers={"x-request-id": 'q"'})
        await _next_request(gateway)
        _awaiting_the_start, line, *_ = map(orjson.loads, gateway.nginx.access_log.splitlines())
        assert (line["requestId"], line["path"], line["service"]) == ('q"', "/v1/user/a%22b", "identity")
        assert (line["method"], line["status"]) == ("PUT", 200)
        assert "secret" not in gateway.nginx.access_log


async def test_only_failures_are_logged_otherwise(gateway: Gateway) -> None:
    await gateway.ask("GET", "/v1/user")
    await gateway.services["identity"].stop()
    await gateway.ask("POST", "/v1/user?token=secret")
    await _next_request(gateway)
    (line,) = map(orjson.loads, gateway.nginx.access_log.splitlines())
    assert (line["method"], line["service"], line["status"]) == ("POST", "identity", 503)
    assert "secret" not in gateway.nginx.access_log + gateway.nginx.log


async def _next_request(gateway: Gateway) -> None:
    """On the same connection: nginx has written what it had to say of the one before."""
    await gateway.ask("GET", "/healthz")
