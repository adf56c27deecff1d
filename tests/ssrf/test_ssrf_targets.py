"""Every refused place, in every notation, by every way that an author has: nobody is connected to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from libs.common.egress import Allow, EgressClient, EgressDenied, EgressFailed
from libs.common.egress.client import MAX_REDIRECTS
from libs.logic.errors import LogicError
from tests.runtime.provider import Provider
from tests.ssrf.conftest import PUBLIC_HOST, Run, Trap, Watch
from tests.ssrf.targets import targets

TARGETS = targets()
# What the language itself refuses, as no complete http URL can be made of it, needs no rule of egress.
_NO_URL = "invalid_input"
# The language writes a URL anew before egress sees it, so that some are refused for what is left of them.
_ALSO = (_NO_URL, "malformed_url", "userinfo")
# These lead elsewhere when they come as a Location: to the server itself, or by its scheme; see the redirects.
_RELATIVE = {
    *("http://", "http:///path", "http:/127.0.0.1", "http:127.0.0.1", "http://?query"),
    *("/relative", "example.com/path", "//example.com/", "//127.0.0.1/"),
}
_ASK_EACH = """
const told = {};
for (const url of input.data.urls) {
  try { const answer = await ask(url); told[url] = `answered ${answer.status}`; }
  catch (error) { told[url] = error.message; }
}
return told;
"""

Outcomes = dict[str, str]
Ask = Callable[[list[str]], Awaitable[Outcomes]]


def test_there_are_enough_of_them() -> None:
    assert len(TARGETS) > 400
    assert len({target.rule for target in TARGETS}) == 17


async def test_the_trap_and_the_watch_would_notice(trap: Trap, watch: Watch) -> None:
    open_client = EgressClient(Allow.parse("127.0.0.1"), user_agent="tests")
    await open_client.start()
    with pytest.raises(EgressFailed):
        await open_client.request("GET", f"http://127.0.0.1:{trap.port}/noticed")
    await open_client.close()
    assert set(watch.connections) == {("127.0.0.1", trap.port)}
    assert b"/noticed" in trap.heard[0]


def urls_for(port: int) -> dict[str, str]:
    """The rule of each URL, the trap's port in it."""
    return {target.url.replace("{port}", str(port)): target.rule for target in TARGETS}


async def each(urls: list[str], ask: Callable[[str], Awaitable[Any]]) -> Outcomes:
    told: Outcomes = {}
    for url in urls:
        try:
            told[url] = f"answered {await ask(url)}"
        except EgressDenied as denied:
            told[url] = str(denied.rule)
        except LogicError as error:
            told[url] = error.details.get("rule", error.code)
    return told


async def test_the_client_names_the_rule(client: EgressClient, trap: Trap, watch: Watch) -> None:
    urls = urls_for(trap.port)
    assert await each([*urls], lambda url: client.request("GET", url)) == urls
    assert (watch.connections, trap.heard) == ([], [])


async def test_a_url_is_checked_the_same_before_anything_is_sent_to_it(client: EgressClient, watch: Watch) -> None:
    urls = urls_for(80)
    assert await each([*urls], client.check) == urls
    assert watch.connections == []


async def test_a_redirect_leads_to_none(
    client: EgressClient, public: Provider, trap: Trap, watch: Watch, counted: Counter[str]
) -> None:
    urls = urls_for(trap.port)

    async def ask(url: str) -> Any:
        public.location = url
        start = f"http://{PUBLIC_HOST}:{public.port}/redirect"
        return await client.request("GET", start, max_redirects=MAX_REDIRECTS)

    sendable = [url for url in urls if not set(url) & set("\r\n\x00")]
    outcomes = await each([url for url in sendable if url not in _RELATIVE], ask)
    assert outcomes == {url: urls[url] for url in outcomes}
    assert (watch.elsewhere(public), trap.heard) == ([], [])
    assert counted.total() == len(outcomes)


async def test_an_http_node_reaches_none(run: Run, trap: Trap, watch: Watch, counted: Counter[str]) -> None:
    urls = urls_for(trap.port)
    url = {"@type": "reference", "operation": "source", "path": ["url"]}
    node = {"@type": "http", "method": "GET", "url": url, "auth": "none"}
    told = await each([*urls], lambda url: run(node, {"url": url}))
    assert {url: rule for url, rule in told.items() if rule not in (urls[url], *_ALSO)} == {}
    assert (watch.connections, trap.heard) == ([], [])
    assert counted.total() == sum(outcome != _NO_URL for outcome in told.values())


@pytest.mark.parametrize("ask", ["fetch", "$.axios.get"])
async def test_a_script_reaches_none(run: Run, trap: Trap, watch: Watch, counted: Counter[str], ask: str) -> None:
    urls = urls_for(trap.port)
    script = f"const ask = (url) => {ask}(url);{_ASK_EACH}"
    told = await run({"@type": "script", "script": script}, {"urls": [*urls]})
    assert set(told) == set(urls)
    assert {url: outcome for url, outcome in told.items() if outcome.startswith("answered")} == {}
    assert (watch.connections, trap.heard) == ([], [])
    assert counted.total() == sum("request is not valid" not in outcome for outcome in told.values())
