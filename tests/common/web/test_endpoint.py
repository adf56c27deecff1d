"""One request through the edge: its key, its user, its body, its answer and what goes with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from structlog.typing import EventDict

from tests.common.web.edge import BODY_LIMIT_BYTES, KEY, Edge

_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "headers",
    [
        {"api_key": KEY},
        {"API_KEY": KEY},
        {"x-api-key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY}"},
        {"api_key": KEY, "Authorization": "Bearer of something else"},
    ],
)
async def test_a_key_opens_in_each_of_its_headers(edge: Edge, headers: dict[str, str]) -> None:
    assert (await edge.ask("GET", "/v1/thing", key=None, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_key"),
        ({"api_key": ""}, "missing_key"),
        ({"Authorization": "Bearer "}, "missing_key"),
        ({"Authorization": f"Basic {KEY}"}, "missing_key"),
        ({"api_key": "unknown"}, "unknown_key"),
        ({"api_key": "unknown", "x-api-key": KEY}, "unknown_key"),
    ],
)
async def test_no_key_and_an_unknown_key_are_told_apart(edge: Edge, headers: dict[str, str], code: str) -> None:
    answer = await edge.ask("GET", "/v1/thing", key=None, headers=headers)
    assert (answer.status, answer.body["code"]) == (401, code)


async def test_the_key_is_asked_for_before_anything_else_is_read(edge: Edge) -> None:
    answer = await edge.ask("POST", "/v1/thing", key="unknown", data=b"{", headers=_JSON)
    assert answer.status == 401


async def test_while_identity_is_down_a_new_key_has_to_wait(edge: Edge) -> None:
    edge.identity.down = True
    answer = await edge.ask("GET", "/v1/thing")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_a_known_user_acts(edge: Edge) -> None:
    assert (await edge.ask("GET", "/v1/thing/t?userId=ada")).body["user"] == "ada"
    assert (await edge.ask("GET", "/v1/thing/t?userId=b%2Fo+b")).body["user"] == "b/o b"


async def test_without_a_user_the_key_acts_for_the_platform(edge: Edge) -> None:
    assert (await edge.ask("GET", "/v1/thing/t")).body["user"] is None


@pytest.mark.parametrize("user_id", ["eve", "", "%00", "%ff", "%ed%a0%80", "a" * 4000])
async def test_an_unknown_user_is_not_found(edge: Edge, user_id: str) -> None:
    answer = await edge.ask("GET", f"/v1/thing/t?userId={user_id}")
    assert (answer.status, answer.body["code"]) == (404, "user_not_found")


async def test_a_user_is_required_where_the_route_says_so(edge: Edge) -> None:
    answer = await edge.ask("POST", "/v1/run", json={})
    assert (answer.status, answer.body["details"][0]["path"]) == (400, "userId")


@pytest.mark.parametrize(("value", "answered"), [("true", True), ("false", False)])
async def test_a_flag_is_true_or_false(edge: Edge, value: str, answered: bool) -> None:
    assert (await edge.ask("GET", f"/v1/thing/t?flag={value}")).body["flag"] is answered


async def test_a_flag_is_nothing_else(edge: Edge) -> None:
    answer = await edge.ask("GET", "/v1/thing/t?flag=1")
    assert (answer.status, answer.body["error"]) == (400, "flag: give true or false")


async def test_put_and_patch_are_the_same(edge: Edge) -> None:
    answers = [await edge.ask(method, "/v1/thing/t", json={"displayName": "n"}) for method in ("PUT", "PATCH")]
    assert [(answer.status, answer.body) for answer in answers] == [(200, {"display_name": "n"})] * 2


async def test_a_body_of_any_json_is_taken_where_the_route_says_so(edge: Edge) -> None:
    for value in ([1, "two", None], 0, False, "text", {"any": {"Thing": 1}}):
        assert (await edge.ask("POST", "/v1/any", json=value)).body == value


async def test_a_body_over_the_limit_is_refused(edge: Edge) -> None:
    answer = await edge.ask("POST", "/v1/any", data=b" " * (BODY_LIMIT_BYTES + 1), headers=_JSON)
    assert (answer.status, answer.body["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("chunks", [2, 64])
async def test_a_chunked_body_over_the_limit_is_refused(edge: Edge, chunks: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(chunks):
            yield b" " * BODY_LIMIT_BYTES

    assert (await edge.ask("POST", "/v1/any", data=body(), headers=_JSON)).status == 413


async def test_a_body_of_the_very_limit_is_taken(edge: Edge) -> None:
    content = b'"' + b"a" * (BODY_LIMIT_BYTES - 2) + b'"'
    assert (await edge.ask("POST", "/v1/any", data=content, headers=_JSON)).status == 200


async def test_a_body_that_is_not_encoded_as_it_says_is_refused(edge: Edge, logged: list[EventDict]) -> None:
    answer = await edge.ask("POST", "/v1/any", data=b"plain", headers={**_JSON, "Content-Encoding": "gzip"})
    assert (answer.status, answer.body["code"]) == (400, "unreadable_body")
    assert logged == []


async def test_the_callers_request_id_is_echoed(edge: Edge) -> None:
    answer = await edge.ask("GET", "/v1/thing/missing", headers={"x-request-id": "my-id/1"})
    assert (answer.headers["x-request-id"], answer.body["requestId"]) == ("my-id/1", "my-id/1")


@pytest.mark.parametrize("given", ["", "a" * 129, "with space", "é"])
async def test_a_request_id_of_another_form_is_replaced(edge: Edge, given: str) -> None:
    answer = await edge.ask("GET", "/v1/thing", headers={"x-request-id": given})
    assert len(answer.headers["x-request-id"]) == 36


async def test_a_problem_has_all_its_members(edge: Edge) -> None:
    answer = await edge.ask("GET", "/v1/thing/missing", headers={"x-request-id": "r"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body == {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such thing.",
        "error": "There is no such thing.",
        "code": "thing_not_found",
        "requestId": "r",
    }


async def test_a_problem_says_when_to_try_again(edge: Edge) -> None:
    answer = await edge.ask("GET", "/v1/thing/busy")
    assert (answer.status, answer.headers["Retry-After"]) == (409, "7")


@pytest.mark.parametrize("thing", ["broken", "unserialisable"])
async def test_a_fault_of_ours_tells_nothing_but_where_the_log_has_it(
    edge: Edge, logged: list[EventDict], thing: str
) -> None:
    answer = await edge.ask("GET", f"/v1/thing/{thing}")
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert "hunter2" not in str(answer)
    assert "Traceback" not in str(answer)
    assert [each["request_id"] for each in logged] == [answer.body["requestId"]]


async def test_headers_of_the_handler_go_with_its_answer_and_its_problem(edge: Edge) -> None:
    assert (await edge.ask("POST", "/v1/thing", json={"displayName": "n"})).headers["x-thing"] == "made"
    edge.things.error = RuntimeError()
    assert (await edge.ask("POST", "/v1/thing", json={"displayName": "n"})).headers["x-thing"] == "made"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/nothing", "/v1/thing/", "/v1/thing/a/b", "//v1/thing"])
async def test_what_no_route_takes_is_not_found(edge: Edge, path: str) -> None:
    answer = await edge.ask("GET", path, key=None)
    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v2/thing", "/v0/thing/t", "/api/run", "/V1/thing"])
async def test_another_version_of_the_api_is_unknown(edge: Edge, path: str) -> None:
    answer = await edge.ask("GET", path)
    assert (answer.status, answer.body["code"]) == (404, "unknown_api_version")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/thing", "GET, POST"),
        ("POST", "/v1/thing/t", "DELETE, GET, PATCH, PUT"),
        ("HEAD", "/v1/run", "POST"),
    ],
)
async def test_another_method_is_told_which_there_are(edge: Edge, method: str, path: str, allowed: str) -> None:
    answer = await edge.ask(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


async def test_an_open_route_takes_any_method_without_a_key(edge: Edge) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        assert (await edge.ask(method, "/open/s", key=None)).body == b"open s"


async def test_a_list_goes_on_where_its_link_says(edge: Edge) -> None:
    await edge.things.fill("acme", 5)
    await edge.things.fill("other", 3)
    path, pages = "/v1/thing?limit=2&userId=ada", []
    while path:
        answer = await edge.ask("GET", path)
        pages.append(answer.body)
        link = answer.headers.get("Link", "")
        assert link == "" or link.endswith('; rel="next"')
        path = link.partition(">")[0].removeprefix("<")
    assert pages == [[0, 1], [2, 3], [4]]


async def test_a_cursor_of_another_order_is_refused(edge: Edge, logged: list[EventDict]) -> None:
    for cursor in ("WzVd", "WyJhIiwiYiJd", "WzEsMl0", "e30", "NQ", "bnVsbA", "!", "W3sidCI6MX0sImEiXQ", "%00"):
        answer = await edge.ask("GET", f"/v1/thing?cursor={cursor}")
        assert (answer.status, answer.body["details"][0]["path"]) == (400, "cursor")
    assert logged == []


async def test_a_key_presented_twice_counts_as_it_came_first(edge: Edge) -> None:
    request = "GET /v1/thing HTTP/1.1\r\nHost: x\r\nConnection: close\r\napi_key: {}\r\napi_key: {}\r\n\r\n"
    assert (await edge.raw(request.format(KEY, "unknown").encode())).startswith(b"HTTP/1.1 200")
    assert (await edge.raw(request.format("unknown", KEY).encode())).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("name", [b"api_key", b"Content-Type", b"Idempotency-Key", b"x-request-id", b"Authorization"])
async def test_bytes_that_are_no_utf_8_in_a_header_are_no_fault_of_ours(
    edge: Edge, logged: list[EventDict], name: bytes
) -> None:
    answer = await edge.raw(
        b"POST /v1/any HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        + name
        + b": \xff\xfe\r\napi_key: "
        + KEY.encode()
        + b"\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert int(answer.split()[1]) in (200, 400, 401, 415)
    assert logged == []


async def test_a_caller_that_goes_away_amid_its_body_is_no_fault_of_ours(edge: Edge, logged: list[EventDict]) -> None:
    request = b"POST /v1/any HTTP/1.1\r\nHost: x\r\napi_key: %b\r\nContent-Length: 9\r\n\r\n{" % KEY.encode()
    host, _, port = edge.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await edge.ask("GET", "/v1/thing")).status == 200
    assert logged == []


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /v1/thing HTTP/1.1\r\nHost: x\r\napi_key: hunter2\x01\r\n\r\n",
        b"GET /v1/thing HTTP/1.1\r\nHost: x\r\napi_key : hunter2\r\n\r\n",
        b"GET /v1/thing?%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"hunter2" * 2000),
        b"hunter2\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_and_leaves_nothing_in_the_log(
    edge: Edge, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head, _, body = (await edge.raw(request_)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 ")
    assert b"Content-Type: application/problem+json" in head
    assert orjson.loads(body)["code"] == "malformed_http"
    assert b"hunter2" not in body
    assert caplog.text == ""
