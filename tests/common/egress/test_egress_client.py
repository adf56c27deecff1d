"""The client against real servers on loopback."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import ssl
import tracemalloc
import zlib
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from libs.common.egress import Allow, EgressClient, EgressDenied, EgressFailed, EgressTimeout, ResponseTooLarge, Rule


async def echo(request: web.BaseRequest) -> web.Response:
    answer = {"method": request.method, "path": str(request.rel_url), "headers": dict(request.headers)}
    return web.json_response({**answer, "body": (await request.read()).decode()}, headers={"Set-Cookie": "a=1"})


async def test_a_request_arrives_as_it_was_given(client: EgressClient, serve: Any) -> None:
    port = await serve(echo)
    url = f"http://127.0.0.1:{port}/a%2Fb?x=1"
    answer = await client.request("post", url, headers={"X-Id": "7"}, params={"y": "ü"}, body=b"hello")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.url == f"{url}&y=%C3%BC"
    seen = orjson.loads(answer.body)
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/a%2Fb?x=1&y=%C3%BC", "hello")
    assert (seen["headers"]["X-Id"], seen["headers"]["User-Agent"]) == ("7", "interactor-test")
    assert seen["headers"]["Host"] == f"127.0.0.1:{port}"


async def test_cookies_are_neither_kept_nor_sent(client: EgressClient, serve: Any) -> None:
    port = await serve(echo)
    await client.request("GET", f"http://127.0.0.1:{port}/")
    answer = await client.request("GET", f"http://127.0.0.1:{port}/")
    assert answer.headers["set-cookie"] == "a=1"
    assert b"Cookie" not in answer.body


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"])
async def test_a_proxy_of_the_environment_is_not_used(
    client: EgressClient, serve: Any, trap: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    port = await serve(echo)
    assert (await client.request("GET", f"http://127.0.0.1:{port}/")).status == 200
    assert trap.connections == 0


async def test_credentials_of_the_environment_are_not_sent(
    client: EgressClient, serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    port = await serve(echo)
    answer = await client.request("GET", f"http://127.0.0.1:{port}/")
    assert b"Authorization" not in answer.body


async def test_a_connection_is_kept_for_the_next_request(client: EgressClient, serve: Any) -> None:
    peers = set()

    async def remember(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=await request.read())

    port = await serve(remember)
    for _ in range(3):
        await client.request("POST", f"http://127.0.0.1:{port}/", body=b"x")
    assert len(peers) == 1


async def test_a_large_body_is_sent_whole(client: EgressClient, serve: Any) -> None:
    async def measure(request: web.BaseRequest) -> web.Response:
        return web.Response(text=str(len(await request.content.read())))

    port = await serve(measure)
    answer = await client.request("PUT", f"http://127.0.0.1:{port}/", body=b"x" * 3_000_000)
    assert answer.body == b"3000000"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 500)])
async def test_any_status_with_or_without_a_body_is_an_answer(
    client: EgressClient, serve: Any, method: str, status: int
) -> None:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    port = await serve(answer)
    assert (await client.request(method, f"http://127.0.0.1:{port}/")).status == status


async def test_repeated_headers_are_joined(client: EgressClient, serve: Any) -> None:
    async def link_twice(_request: web.BaseRequest) -> web.Response:
        response = web.Response()
        response.headers.add("Link", "<a>")
        response.headers.add("link", "<b>")
        return response

    port = await serve(link_twice)
    assert (await client.request("GET", f"http://127.0.0.1:{port}/")).headers["link"] == "<a>, <b>"


@pytest.mark.parametrize("size_bytes", [1001, 3_000_000])
async def test_a_body_over_the_limit_is_refused(client: EgressClient, serve: Any, size_bytes: int) -> None:
    async def big(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * size_bytes)

    port = await serve(big)
    with pytest.raises(ResponseTooLarge, match="larger than 1000 bytes"):
        await client.request("GET", f"http://127.0.0.1:{port}/", max_bytes=1000)


async def test_a_body_of_exactly_the_limit_passes(client: EgressClient, serve: Any) -> None:
    async def fitting(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 1000)

    port = await serve(fitting)
    answer = await client.request("GET", f"http://127.0.0.1:{port}/", max_bytes=1000)
    assert len(answer.body) == 1000


async def test_the_bytes_of_an_answer_are_told_as_they_come(client: EgressClient, serve: Any) -> None:
    async def big(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 3_000_000)

    url = f"http://127.0.0.1:{await serve(big)}/"
    told: list[int] = []
    await client.request("GET", url, on_data=told.append)
    assert sum(told) == 3_000_000
    assert len(told) > 1


async def test_whoever_is_told_can_end_the_request(client: EgressClient, serve: Any) -> None:
    gone = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b"x" * 1000)
        gone.set()
        return response

    def enough(_size_bytes: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        await client.request("GET", f"http://127.0.0.1:{await serve(endless)}/", on_data=enough)
    await gone.wait()


async def test_a_compressed_body_is_decompressed(client: EgressClient, serve: Any) -> None:
    async def compressed(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})

    port = await serve(compressed)
    assert (await client.request("GET", f"http://127.0.0.1:{port}/")).body == b"plain"


async def test_a_compressed_bomb_is_refused_without_unpacking_it(client: EgressClient, serve: Any) -> None:
    deflate = zlib.compressobj(wbits=31)
    bomb = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(64)) + deflate.flush()

    async def explode(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    port = await serve(explode)
    tracemalloc.start()
    with pytest.raises(ResponseTooLarge):
        await client.request("GET", f"http://127.0.0.1:{port}/", max_bytes=1 << 20)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 8 << 20


async def test_an_answer_that_does_not_come_is_a_timeout(client: EgressClient, serve: Any) -> None:
    async def never(_request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    port = await serve(never)
    with pytest.raises(EgressTimeout, match=r"within 0\.05 seconds") as error:
        await client.request("GET", f"http://127.0.0.1:{port}/", timeout_s=0.05)
    assert error.value.code == "timeout"


async def test_a_body_that_does_not_end_is_a_timeout(client: EgressClient, serve: Any) -> None:
    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.Event().wait()
        return response

    port = await serve(endless)
    with pytest.raises(EgressTimeout):
        await client.request("GET", f"http://127.0.0.1:{port}/", timeout_s=0.05)


async def test_a_refused_connection_is_a_sentence_about_the_host_asked(make_client: Any) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.77"]

    client = await make_client(resolve=resolve)
    with pytest.raises(EgressFailed) as error:
        await client.request("GET", "http://down.test:1/")
    assert (error.value.code, error.value.message) == (
        "connect",
        "down.test could not be connected to: Connection refused.",
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "disconnected"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nplain", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", "protocol"),
    ],
)
async def test_an_answer_that_is_not_http_is_a_sentence(client: EgressClient, answer: bytes, code: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EgressFailed, match=r"^127\.0\.0\.1 ") as error:
            await client.request("GET", f"http://127.0.0.1:{port}/")
    assert error.value.code == code


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    client: EgressClient, serve: Any, tmp_path: Path
) -> None:
    port = await serve(echo, tls=self_signed(tmp_path))
    with pytest.raises(EgressFailed, match="self-signed certificate") as error:
        await client.request("GET", f"https://127.0.0.1:{port}/")
    assert error.value.code == "tls"


async def test_a_server_without_tls_is_a_sentence(client: EgressClient, serve: Any) -> None:
    port = await serve(echo)
    with pytest.raises(EgressFailed, match="No TLS connection") as error:
        await client.request("GET", f"https://127.0.0.1:{port}/")
    assert error.value.code == "tls"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nX-B: 2"},
        {"X-A": "1\nX-B: 2"},
        {"X-A": "1\x00"},
        {"X-A\r\nX-B": "1"},
        {"X A": "1"},
        {"": "1"},
        {"Host": "other.test"},
        {"content-length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"CONNECTION": "close"},
    ],
)
async def test_headers_that_break_the_framing_are_refused_before_anything_is_sent(
    client: EgressClient, trap: Any, headers: dict[str, str]
) -> None:
    with pytest.raises(EgressFailed) as error:
        await client.request("GET", f"http://127.0.0.1:{trap.port}/", headers=headers)
    assert error.value.code == "invalid_request"
    assert trap.connections == 0


@pytest.mark.parametrize("method", ["CONNECT", "trace", "GET / HTTP/1.1\r\nX: 1", "", "G T"])
async def test_a_method_that_is_none_is_refused(client: EgressClient, trap: Any, method: str) -> None:
    with pytest.raises(EgressFailed, match="is not a method") as error:
        await client.request(method, f"http://127.0.0.1:{trap.port}/")
    assert error.value.code == "invalid_request"
    assert trap.connections == 0


async def test_a_refusal_is_counted_by_its_rule(make_client: Any, trap: Any) -> None:
    counted: list[Rule] = []
    client = await make_client(allow="", on_denied=counted.append)
    with pytest.raises(EgressDenied):
        await client.request("GET", f"http://127.0.0.1:{trap.port}/")
    with pytest.raises(EgressDenied):
        await client.check("gopher://example.com/")
    assert counted == [Rule.LOOPBACK, Rule.SCHEME]
    assert trap.connections == 0


async def test_a_client_that_was_not_started_says_so() -> None:
    client = EgressClient(Allow(), user_agent="x")
    with pytest.raises(RuntimeError, match="not started"):
        await client.request("GET", "http://example.com/")
    await client.close()


def self_signed(directory: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
