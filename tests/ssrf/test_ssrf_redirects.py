"""Chains of redirects: each hop is checked like the first, and what is secret stays where it may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from libs.common.egress import EgressClient, EgressDenied, EgressFailed, Rule
from libs.common.egress.client import MAX_REDIRECTS
from libs.logic.errors import LogicError
from tests.ssrf.conftest import PUBLIC_HOST, Run, Trap, Watch

SECRETS = {"Authorization": "Bearer s3cret", "Cookie": "s=s3cret", "X-Api-Key": "s3cret"}


class Chain:
    """A server on loopback, public by its name, whose `/n` redirects to `/n-1` and whose `/0` redirects to `end`."""

    def __init__(self) -> None:
        self.end = ""
        self.status = 302
        self.port = 0
        self.seen: list[web.BaseRequest] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.seen.append(request)
        left = int(request.path.strip("/") or 0)
        return web.Response(status=self.status, headers={"Location": f"/{left - 1}" if left else self.end})

    def url(self, hops: int = 0) -> str:
        return f"http://{PUBLIC_HOST}:{self.port}/{hops}"


@asynccontextmanager
async def serving() -> AsyncIterator[Chain]:
    chain = Chain()
    runner = web.ServerRunner(web.Server(chain), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    chain.port = runner.addresses[0][1]
    yield chain
    await runner.cleanup()


@pytest.fixture
async def chain() -> AsyncIterator[Chain]:
    async with serving() as chain:
        yield chain


@pytest.fixture
async def other() -> AsyncIterator[Chain]:
    async with serving() as chain:
        yield chain


ENDS = {
    "http://127.0.0.1:{port}/": Rule.LOOPBACK,
    "http://localhost:{port}/": Rule.LOOPBACK,
    "//127.0.0.1:{port}/": Rule.LOOPBACK,
    "//[::1]:{port}/": Rule.LOOPBACK,
    "//[::ffff:127.0.0.1]:{port}/": Rule.LOOPBACK,
    "http://[::g]/": Rule.MALFORMED,
    "//[a:80]/": Rule.MALFORMED,
    "http://2130706433:{port}/": Rule.LOOPBACK,
    "http://169.254.169.254/latest/meta-data/": Rule.METADATA,
    "http://metadata.google.internal/computeMetadata/v1/": Rule.METADATA,
    "https://10.0.0.1/": Rule.PRIVATE,
    "http://public-then-loopback.example:{port}/": Rule.LOOPBACK,
    "http://user:pw@api.public.test:{port}/": Rule.USERINFO,
    "http://api.public.test@127.0.0.1:{port}/": Rule.USERINFO,
    "http://api.public.test\\@127.0.0.1:{port}/": Rule.MALFORMED,
    "http://api.public.test:0/": Rule.MALFORMED,
    "file:///etc/passwd": Rule.SCHEME,
    "gopher://127.0.0.1:{port}/_x": Rule.SCHEME,
    "ftp://127.0.0.1:{port}/": Rule.SCHEME,
    "data:text/plain,hello": Rule.SCHEME,
    "javascript:alert(1)": Rule.SCHEME,
}


@pytest.mark.parametrize("end", ENDS)
async def test_the_last_hop_is_checked_like_the_first(
    client: EgressClient, chain: Chain, trap: Trap, watch: Watch, end: str
) -> None:
    chain.end = end.format(port=trap.port)
    for hops in range(MAX_REDIRECTS):
        with pytest.raises(EgressDenied) as denied:
            await client.request("GET", chain.url(hops), max_redirects=MAX_REDIRECTS)
        assert denied.value.rule == ENDS[end]
        assert len(chain.seen) == hops + 1
        chain.seen.clear()
    assert {port for _, port in watch.connections} == {chain.port}
    assert trap.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_node_and_a_script_follow_no_redirect_inside(
    run: Run, chain: Chain, trap: Trap, watch: Watch, counted: Counter[str], status: int
) -> None:
    chain.end, chain.status = f"http://127.0.0.1:{trap.port}/", status
    url = chain.url(2)
    post = {"@type": "http", "method": "POST", "url": url, "json": {"a": 1}, "auth": "none"}
    axios = f"return (await $.axios.post({url!r}, {{a: 1}})).data"
    for node in (post, {"@type": "script", "script": axios}):
        with pytest.raises(LogicError, match=r"127\.0\.0\.1 leads to a loopback address"):
            await run(node)
    assert counted == {Rule.LOOPBACK: 2}
    assert {port for _, port in watch.connections} == {chain.port}
    assert trap.heard == []


async def test_one_hop_too_many_ends_the_chain(run: Run, chain: Chain) -> None:
    chain.end = "/0"
    with pytest.raises(LogicError, match="redirects") as failed:
        await run({"@type": "http", "method": "GET", "url": chain.url(MAX_REDIRECTS + 3), "auth": "none"})
    assert failed.value.details["reason"] == "too_many_redirects"
    assert len(chain.seen) == MAX_REDIRECTS + 1


async def test_another_port_gets_no_secret_and_none_comes_back(
    client: EgressClient, chain: Chain, other: Chain
) -> None:
    chain.end, other.end = other.url(), chain.url()
    with pytest.raises(EgressFailed):
        await client.request(
            "GET", chain.url(), headers=SECRETS, max_redirects=2, sensitive_headers=frozenset({"x-api-key"})
        )
    first, back = chain.seen
    assert SECRETS.items() <= dict(first.headers).items()
    assert not [name for request in (*other.seen, back) for name in SECRETS if name in request.headers]


async def test_the_same_host_in_other_letters_is_the_same(client: EgressClient, chain: Chain) -> None:
    chain.end = chain.url().replace("api", "API")
    with pytest.raises(EgressFailed):
        await client.request("GET", chain.url(), headers=SECRETS, max_redirects=1)
    assert chain.seen[1].headers["Authorization"] == "Bearer s3cret"


async def test_each_hop_can_be_refused_by_who_asks(client: EgressClient, chain: Chain) -> None:
    asked: list[tuple[str, bool, bytes | None]] = []
    chain.status = 307

    def admit(hop: Any) -> None:
        asked.append((hop.url.path, "Authorization" in hop.headers, hop.body))
        if hop.url.path == "/1":
            raise EgressDenied(Rule.CREDENTIAL, "Not there.")

    with pytest.raises(EgressDenied, match="Not there"):
        await client.request("POST", chain.url(3), headers=SECRETS, body=b"b", max_redirects=5, admit=admit)
    assert asked == [("/3", True, b"b"), ("/2", True, b"b"), ("/1", True, b"b")]
    assert [request.path for request in chain.seen] == ["/3", "/2"]
