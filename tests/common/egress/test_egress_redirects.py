"""Redirects: each hop is checked again and takes no credentials elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from libs.common.egress import EgressClient, EgressDenied, EgressFailed, Rule
from libs.common.egress.messages import Hop, redirected

SECRETS = {"Authorization": "Bearer x", "Cookie": "a=1", "X-Api-Key": "k", "X-Plain": "p", "Content-Type": "text/plain"}


def hop(url: str, method: str = "POST") -> Hop:
    return Hop(method, URL(url), SECRETS, b"body")


def redirect_to(target: str, status: int = 302) -> Any:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, headers={"Location": target})

    return answer


async def arrived(request: web.BaseRequest) -> web.Response:
    return web.Response(text=f"{request.method} {request.path} {(await request.read()).decode()}")


async def count_down(request: web.BaseRequest) -> web.Response:
    left = int(request.path.strip("/"))
    return web.Response(status=302, headers={"Location": f"/{left - 1}"}) if left else web.Response(text="end")


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", ("GET", None)),
        (302, "POST", ("GET", None)),
        (303, "PUT", ("GET", None)),
        (303, "HEAD", ("HEAD", b"body")),
        (301, "PUT", ("PUT", b"body")),
        (307, "POST", ("POST", b"body")),
        (308, "POST", ("POST", b"body")),
    ],
)
def test_the_method_and_body_change_as_in_a_browser(status: int, method: str, expected: tuple[str, bytes]) -> None:
    following = redirected(hop("http://a.test/", method), status, URL("http://a.test/next"), frozenset())
    assert (following.method, following.body) == expected
    assert ("Content-Type" in following.headers) == (following.body is not None)


@pytest.mark.parametrize(
    "target", ["http://b.test/", "http://a.test:8080/", "https://a.test/", "http://sub.a.test/", "http://a.test./"]
)
def test_another_origin_gets_no_credentials(target: str) -> None:
    following = redirected(hop("http://a.test/"), 307, URL(target), frozenset({"x-api-KEY"}))
    assert set(following.headers) == {"X-Plain", "Content-Type"}


@pytest.mark.parametrize("target", ["http://a.test/other", "http://a.test:80/", "http://A.test/?x=1"])
def test_the_same_origin_keeps_them(target: str) -> None:
    assert redirected(hop("http://a.test/"), 307, URL(target), frozenset({"x-api-key"})).headers == SECRETS


def test_coming_back_to_the_first_origin_does_not_bring_them_back() -> None:
    away = redirected(hop("http://a.test/"), 307, URL("http://b.test/"), frozenset({"x-api-key"}))
    back = redirected(away, 307, URL("http://a.test/"), frozenset({"x-api-key"}))
    assert set(back.headers) == {"X-Plain", "Content-Type"}


async def test_with_no_redirects_allowed_the_redirect_is_the_answer(
    client: EgressClient, serve: Any, trap: Any
) -> None:
    port = await serve(redirect_to(f"http://127.0.0.1:{trap.port}/"))
    answer = await client.request("POST", f"http://127.0.0.1:{port}/", body=b"x")
    assert (answer.status, answer.headers["location"]) == (302, f"http://127.0.0.1:{trap.port}/")
    assert trap.connections == 0


async def test_a_redirect_is_followed_to_another_origin(client: EgressClient, serve: Any) -> None:
    last = await serve(arrived)
    first = await serve(redirect_to(f"http://127.0.0.1:{last}/there?q=1", status=307))
    answer = await client.request("POST", f"http://127.0.0.1:{first}/", body=b"x", max_redirects=5)
    assert (answer.body, answer.url) == (b"POST /there x", f"http://127.0.0.1:{last}/there?q=1")


async def test_a_large_body_is_sent_again(client: EgressClient, serve: Any) -> None:
    async def measure(request: web.BaseRequest) -> web.Response:
        return web.Response(text=str(len(await request.content.read())))

    async def read_and_redirect(request: web.BaseRequest) -> web.Response:
        await request.content.read()
        return web.Response(status=308, headers={"Location": f"http://127.0.0.1:{last}/"})

    last = await serve(measure)
    first = await serve(read_and_redirect)
    answer = await client.request("POST", f"http://127.0.0.1:{first}/", body=b"x" * 2_000_000, max_redirects=1)
    assert answer.body == b"2000000"


@pytest.mark.parametrize(("redirects", "allowed"), [(5, 5), (1, 1), (3, 5)])
async def test_as_many_redirects_as_allowed_are_followed(
    client: EgressClient, serve: Any, redirects: int, allowed: int
) -> None:
    port = await serve(count_down)
    answer = await client.request("GET", f"http://127.0.0.1:{port}/{redirects}", max_redirects=allowed)
    assert (answer.status, answer.body) == (200, b"end")


@pytest.mark.parametrize(("redirects", "allowed"), [(6, 5), (2, 1), (6, 100)])
async def test_one_redirect_too_many_is_a_failure(
    client: EgressClient, serve: Any, redirects: int, allowed: int
) -> None:
    port = await serve(count_down)
    with pytest.raises(EgressFailed, match="redirects came one after another") as error:
        await client.request("GET", f"http://127.0.0.1:{port}/{redirects}", max_redirects=allowed)
    assert error.value.code == "too_many_redirects"


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("http://10.0.0.1/", Rule.PRIVATE),
        ("http://169.254.169.254/latest/meta-data/", Rule.METADATA),
        ("//[::1]/", Rule.LOOPBACK),
        ("http://2130706433/", Rule.LOOPBACK),
        ("http://[::ffff:10.0.0.1]/", Rule.PRIVATE),
        ("http://rebound.test/", Rule.PRIVATE),
        ("http://user:pw@127.0.0.1/", Rule.USERINFO),
        ("file:///etc/passwd", Rule.SCHEME),
        ("http://example.com:0/", Rule.MALFORMED),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_refused_place_is_refused(
    make_client: Any, serve: Any, status: int, target: str, rule: Rule
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["10.0.0.1"]

    client = await make_client(resolve=resolve)
    second = await serve(redirect_to(target, status))
    first = await serve(redirect_to(f"http://127.0.0.1:{second}/", status))
    with pytest.raises(EgressDenied) as denied:
        await client.request("POST", f"http://127.0.0.1:{first}/", body=b"x", max_redirects=5)
    assert denied.value.rule == rule


async def test_a_redirect_without_a_location_is_the_answer(client: EgressClient, serve: Any) -> None:
    async def bare(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=302, text="nowhere")

    port = await serve(bare)
    answer = await client.request("GET", f"http://127.0.0.1:{port}/", max_redirects=5)
    assert (answer.status, answer.body) == (302, b"nowhere")
