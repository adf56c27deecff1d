"""From names to addresses: what was checked is what is connected to."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from aiohttp import web

from libs.common.egress import EgressDenied, EgressFailed, EgressTimeout, Rule
from libs.common.egress.resolver import SystemLookup


class Answers:
    """A name server that gives its answers one after another, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def hello(request: web.BaseRequest) -> web.Response:
    return web.Response(text=request.headers["Host"])


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700::1111", "8.8.8.8", "::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["0.0.0.0"],
        ["169.254.169.254"],
        ["fe80::1%lo"],
        ["fd00:ec2::254"],
    ],
)
async def test_a_name_with_any_refused_address_is_refused(make_client: Any, trap: Any, answer: list[str]) -> None:
    client = await make_client(allow="", resolve=Answers(answer))
    for attempt in (client.request("GET", f"http://rebind.test:{trap.port}/"), client.check("http://rebind.test/")):
        with pytest.raises(EgressDenied, match=r"^rebind\.test leads to"):
            await attempt
    assert trap.connections == 0


async def test_a_name_is_asked_for_once_and_its_later_answer_is_never_connected_to(
    make_client: Any, serve: Any, trap: Any
) -> None:
    answers = Answers(["127.0.0.1"], ["127.0.0.2"])
    client = await make_client(allow="127.0.0.1", resolve=answers)
    port = await serve(hello)
    answer = await client.request("GET", f"http://rebind.test:{port}/")
    assert answer.body == f"rebind.test:{port}".encode()
    assert answers.asked == ["rebind.test"]
    with pytest.raises(EgressDenied):
        await client.request("GET", f"http://rebind.test:{trap.port}/")
    assert trap.connections == 0


async def test_an_address_in_an_odd_notation_never_gets_to_the_name_server(make_client: Any) -> None:
    answers = Answers(["8.8.8.8"])
    client = await make_client(allow="", resolve=answers)
    for host in ("0x7f.1", "127.1", "2130706433", "017700000001", "127.0.0.1."):
        with pytest.raises(EgressDenied) as denied:
            await client.request("GET", f"http://{host}/")
        assert denied.value.rule == Rule.LOOPBACK
    assert answers.asked == []


async def test_a_host_that_is_allowed_by_name_may_lead_to_loopback(make_client: Any, serve: Any) -> None:
    client = await make_client(allow="inside.test, *.corp.test", resolve=Answers(["127.0.0.1"]))
    port = await serve(hello)
    for host in ("inside.test", "a.corp.test", "INSIDE.test"):
        assert (await client.request("GET", f"http://{host}:{port}/")).status == 200
    with pytest.raises(EgressDenied):
        await client.request("GET", f"http://outside.test:{port}/")


async def test_a_name_without_an_address_is_a_failure(make_client: Any) -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (unknown, Answers([])):
        client = await make_client(resolve=resolve)
        for attempt in (client.request("GET", "http://nowhere.test/"), client.check("http://nowhere.test/")):
            with pytest.raises(EgressFailed, match=r"^No address was found for nowhere\.test\.$") as error:
                await attempt
            assert error.value.code == "dns"


async def test_a_name_server_that_does_not_answer_is_a_timeout(make_client: Any) -> None:
    async def silent(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    client = await make_client(resolve=silent)
    for attempt in (
        client.request("GET", "http://slow.test/", timeout_s=0.05),
        client.check("http://slow.test/", timeout_s=0.05),
    ):
        with pytest.raises(EgressTimeout):
            await attempt


async def test_everybody_who_waits_for_one_lookup_hears_its_refusal(make_client: Any) -> None:
    counted: list[Rule] = []
    client = await make_client(allow="", resolve=Answers(["10.0.0.1"]), on_denied=counted.append)
    attempts = (client.request("GET", "http://shared.test/") for _ in range(5))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(isinstance(result, EgressDenied) for result in results)
    assert counted == [Rule.PRIVATE] * 5


async def test_a_good_url_passes_the_check_and_nothing_is_sent(make_client: Any, trap: Any) -> None:
    client = await make_client(resolve=Answers(["127.0.0.1"]))
    await client.check(f"http://fine.test:{trap.port}/")
    await client.check(f"http://127.0.0.1:{trap.port}/")
    assert trap.connections == 0


async def test_localhost_is_found_by_the_systems_resolver(make_client: Any, serve: Any) -> None:
    port = await serve(hello)
    by_name = await make_client(allow="localhost")
    assert (await by_name.request("GET", f"http://localhost:{port}/")).status == 200
    without_exception = await make_client(allow="")
    with pytest.raises(EgressDenied) as denied:
        await without_exception.request("GET", f"http://localhost:{port}/")
    assert denied.value.rule == Rule.LOOPBACK


async def test_a_domain_whose_name_servers_are_silent_holds_up_no_other() -> None:
    answer, begun = threading.Event(), []

    def slow(host: str, _port: int) -> list[str]:
        begun.append(host)
        if host.endswith("silent.test"):
            answer.wait()
        return [host]

    lookup = SystemLookup(slow)
    waiting = [asyncio.create_task(lookup(f"n{number}.silent.test", 80)) for number in range(100)]
    given_up = [asyncio.create_task(lookup(f"g{number}.silent.test", 80)) for number in range(100)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    assert await lookup("fine.test.", 80) == ["fine.test."]
    assert len([host for host in begun if host.endswith("silent.test")]) <= 8
    answer.set()
    assert await asyncio.gather(*waiting) == [[f"n{number}.silent.test"] for number in range(100)]
    lookup.close()
