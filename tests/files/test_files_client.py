"""The client of the public API: patient where the product is busy, and clear where it is none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from services.files.client import Client, path_of
from services.files.refused import Refused
from tests.demo.servers import listening

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers by a handler, and keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.answer: Handler
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        return app

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answer(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    serving = Server()
    async with listening(serving.app()) as serving.url:
        yield serving


async def test_a_busy_product_is_asked_again_with_the_same_idempotency_key(server: Server) -> None:
    async def answer(_: web.Request) -> web.Response:
        busy = {1: 429, 2: 503}.get(len(server.asked))
        if busy is not None:
            return web.json_response({"error": "busy"}, status=busy, headers={"Retry-After": "0"})
        return web.json_response({"id": "1"})

    server.answer = answer
    async with Client(f"{server.url}/v1/", "key") as client:
        assert await client.write("POST", ("service",), {"name": "a"}, {"userId": "ada"}) == {"id": "1"}
    assert len({request.headers["Idempotency-Key"] for request in server.asked}) == 1
    assert [request.path_qs for request in server.asked] == ["/v1/service?userId=ada"] * 3
    assert server.asked[0].headers["x-api-key"] == "key"


async def test_in_the_end_it_says_what_the_product_said(server: Server) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"error": "The store is down."}, status=503, headers={"Retry-After": "0"})

    server.answer = answer
    async with Client(server.url, "key") as client:
        with pytest.raises(Refused, match=r"GET /v1/service/a was answered with 503: The store is down\."):
            await client.get("service", "a")


async def test_lists_are_read_page_by_page_behind_whatever_path(server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        if "cursor" in request.query:
            return web.json_response([3])
        return web.json_response([1, 2], headers={"Link": '</v1/service?cursor=a%2Bb>; rel="next"'})

    server.answer = answer
    async with Client(f"{server.url}/engine", "key") as client:
        assert [row async for row in client.pages("service")] == [1, 2, 3]
    assert [request.raw_path for request in server.asked] == [
        "/engine/v1/service",
        "/engine/v1/service?cursor=a%2Bb",
    ]


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, '{"error": "Send a key."}', "the key is not known there; INTERACTOR_API_KEY or --key-file gives it"),
        (404, "<html>", "no answer of an Interactor Engine; see whether --url names one"),
        (302, "", "no answer of an Interactor Engine; see whether --url names one"),
    ],
)
async def test_what_is_no_success_is_told_in_a_sentence(server: Server, status: int, body: str, sentence: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "/elsewhere"})

    server.answer = answer
    async with Client(server.url, "hush") as client:
        with pytest.raises(Refused, match=sentence) as refused:
            await client.get("service", "a")
    assert "hush" not in str(refused.value)
    assert len(server.asked) == 1


async def test_an_url_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="give one such as http://127"):
        Client("localhost:1290", "key")


def test_names_stay_one_segment_of_a_path() -> None:
    assert path_of("service", "a/b c", "..", "ä?") == "/v1/service/a%2Fb%20c/%2E%2E/%C3%A4%3F"
