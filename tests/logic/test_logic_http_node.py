"""The `http` node: what is sent, with which credential, and what comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.logic.budget import Budget
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.scope import Credential, HttpResponse, Scope
from tests.logic.fake_host import FakeHost, json_answer


@pytest.fixture
def send(host: FakeHost, make_scope: Callable[..., Scope]) -> Callable[..., Any]:
    async def send(node: dict[str, Any], source: Any = None, **members: Any) -> Any:
        whole = {"@type": "http", "method": "GET", "url": "https://api.example.com/a", **node}
        return await compile_node(whole).evaluate(make_scope(source, **members))

    return send


async def refusal(call: Any) -> LogicError:
    with pytest.raises(LogicError) as caught:
        await call
    return caught.value


async def test_members_are_nodes_and_a_json_answer_is_a_value(send: Callable[..., Any], host: FakeHost) -> None:
    host.answers = [json_answer({"id": 7}, 201)]
    source = {"@type": "reference", "operation": "source", "path": ["name"]}
    answer = await send(
        {"method": "post", "query": {"q": source, "n": None}, "headers": {"X-A": source}, "json": {"n": source}},
        {"name": "ä b"},
    )
    assert answer == {"status": 201, "headers": {"content-type": "application/json"}, "body": {"id": 7}}
    [request] = host.requests
    assert request.method == "POST"
    assert request.url == "https://api.example.com/a?q=%C3%A4+b"
    assert request.body == '{"n":"ä b"}'.encode()
    assert request.headers == {"X-A": "ä b", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"form": {"a": [1, True], "b": "x y"}}, "application/x-www-form-urlencoded", b"a=1&a=true&b=x+y"),
        ({"text": "hé"}, "text/plain; charset=utf-8", "hé".encode()),
        ({"body": "<x/>", "headers": {"content-type": "text/xml"}}, "text/xml", b"<x/>"),
    ],
)
async def test_each_body_has_its_content_type(
    send: Callable[..., Any], host: FakeHost, body: dict[str, Any], content_type: str, sent: bytes
) -> None:
    await send({"method": "POST", **body})
    [request] = host.requests
    assert {name.lower(): value for name, value in request.headers.items()} == {"content-type": content_type}
    assert request.body == sent


@pytest.mark.parametrize(
    ("response", "value"),
    [
        (HttpResponse(204, {}, b""), None),
        (HttpResponse(200, {"content-type": "application/problem+json"}, b"[1]"), [1]),
        (HttpResponse(200, {"content-type": "application/json"}, b"{oops"), "{oops"),
        (HttpResponse(200, {"content-type": "text/plain; charset=latin-1"}, b"h\xe9"), "hé"),
        (HttpResponse(200, {"content-type": "text/plain; charset=nonsense"}, b"h\xff"), "h\ufffd"),
        (HttpResponse(200, {"content-type": "text/plain; charset=Shift_JIS"}, b"\x93\xfa\x96{"), "日本"),
        (HttpResponse(200, {"content-type": "text/plain; charset=windows-1251"}, b"\xe4\xe0"), "да"),
        (HttpResponse(200, {"content-type": "text/plain; charset=gb2312"}, b"\x96|\xc4\xe3"), "東你"),
        (HttpResponse(200, {"content-type": "text/plain; charset=utf-16le"}, b"\x00\xd8"), "\x00\ufffd"),
        (HttpResponse(200, {"content-type": "text/plain; charset=utf-7"}, b"+2AA-"), "+2AA-"),
        (HttpResponse(200, {"content-type": "text/plain; charset=undefined"}, b"\xffabc"), "\ufffdabc"),
        (HttpResponse(200, {"content-type": "text/plain; charset=caf\u00e9"}, b"abc"), "abc"),
        (HttpResponse(200, {"content-type": "text/plain; charset=unicode_escape"}, b"\\ud800\xff"), "\\ud800\ufffd"),
        (HttpResponse(200, {"content-type": "application/json"}, b'"\\ud800"'), '"\\ud800"'),
        (HttpResponse(200, {"content-type": "image/png"}, b"\x89PNG\xff"), {"base64": "iVBOR/8="}),
    ],
)
async def test_a_body_is_a_value_by_its_content_type(
    send: Callable[..., Any], host: FakeHost, response: HttpResponse, value: Any
) -> None:
    host.answers = [response]
    assert (await send({}))["body"] == value


async def test_a_4xx_is_an_error_with_the_providers_words_cut(send: Callable[..., Any], host: FakeHost) -> None:
    host.answers = [HttpResponse(404, {"content-type": "text/plain"}, b"n" * 5000)]
    error = await refusal(send({"query": {"key": "v"}}))
    assert error.code == "http_error"
    assert error.details == {"status": 404, "body": "n" * 4096}
    assert error.message == "GET https://api.example.com/a was answered with 404."


async def test_a_status_in_accept_is_an_answer(send: Callable[..., Any], host: FakeHost) -> None:
    host.answers = [json_answer(None, 404)]
    assert (await send({"accept": [404]}))["status"] == 404


CREDENTIAL = Credential(
    id="1",
    token="secret-token",
    headers={"Authorization": "Bearer secret-token"},
    query={"key": "query-secret"},
    hosts=("api.example.com",),
)


async def test_the_credential_is_applied_and_marked_as_sensitive(send: Callable[..., Any], host: FakeHost) -> None:
    await send({}, credential=CREDENTIAL)
    [request] = host.requests
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert request.url == "https://api.example.com/a?key=query-secret"
    assert "authorization" in request.sensitive_headers


async def test_a_header_with_a_secret_in_it_is_sensitive(send: Callable[..., Any], host: FakeHost) -> None:
    token = {"@type": "reference", "operation": "token", "path": ["token"]}
    await send({"auth": "none", "headers": {"X-Api-Key": token}}, credential=CREDENTIAL)
    assert "x-api-key" in host.requests[0].sensitive_headers


async def test_what_the_author_set_stays(send: Callable[..., Any], host: FakeHost) -> None:
    await send({"headers": {"authorization": "mine"}}, credential=CREDENTIAL)
    assert host.requests[0].headers == {"authorization": "mine"}


async def test_auth_none_sends_no_credential_anywhere(send: Callable[..., Any], host: FakeHost) -> None:
    await send({"auth": "none", "url": "https://elsewhere.example.org/"}, credential=CREDENTIAL)
    assert host.requests[0].headers == {}


async def test_the_credential_is_not_sent_to_another_host(send: Callable[..., Any], host: FakeHost) -> None:
    error = await refusal(send({"url": "https://api.example.com@evil.example.org/"}, credential=CREDENTIAL))
    assert error.code == "egress_denied"
    assert "evil.example.org" in error.message
    assert error.details["rule"] == "apply.hosts"
    assert host.requests == []


async def test_a_needed_credential_that_is_missing_is_the_error(send: Callable[..., Any], host: FakeHost) -> None:
    missing = LogicError("credential_required", "Connect an account of 'crm' first.")
    assert (await refusal(send({}, credential_error=missing))).code == "credential_required"
    assert host.requests == []


async def test_an_echoed_secret_is_taken_out_of_the_error(send: Callable[..., Any], host: FakeHost) -> None:
    host.answers = [HttpResponse(401, {}, b"bad token secret-token")]
    error = await refusal(send({}, credential=CREDENTIAL))
    assert error.details["body"] == "bad token [secret]"


@pytest.mark.parametrize(
    ("node", "path"),
    [
        ({"url": "ftp://x/"}, ("url",)),
        ({"url": "/relative"}, ("url",)),
        ({"url": {"a": 1}}, ("url",)),
        ({"method": "TRACE"}, ("method",)),
        ({"query": "a=b"}, ("query",)),
        ({"query": {"a": {}}}, ("query",)),
        ({"headers": {"a": "x\r\nb: c"}}, ("headers",)),
        ({"headers": {"a b": "x"}}, ("headers",)),
        ({"headers": [1]}, ("headers",)),
        ({"text": 5}, ("text",)),
        ({"form": 5}, ("form",)),
        ({"idempotencyKey": []}, ("idempotencyKey",)),
    ],
)
async def test_a_request_that_can_not_be_sent_names_its_member(
    send: Callable[..., Any], host: FakeHost, node: dict[str, Any], path: tuple[str, ...]
) -> None:
    error = await refusal(send(node))
    assert (error.code, error.path) == ("invalid_input", path)
    assert host.requests == []


async def test_the_idempotency_key_is_a_header(send: Callable[..., Any], host: FakeHost) -> None:
    await send({"idempotencyKey": 42})
    assert host.requests[0].headers == {"Idempotency-Key": "42"}


async def test_the_timeout_is_the_nodes_within_the_evaluations(send: Callable[..., Any], host: FakeHost) -> None:
    await send({"timeout": 2})
    await send({"timeout": 100})
    assert host.requests[0].timeout_s == 2
    assert 29 < host.requests[1].timeout_s <= 30


async def test_too_many_calls_run_out_of_budget(make_scope: Callable[..., Scope], host: FakeHost) -> None:
    node = {"@type": "http", "method": "GET", "url": "https://example.com/"}
    error = await refusal(compile_node([node] * 3).evaluate(make_scope(budget=Budget(http_calls=2))))
    assert (error.details["budget"], error.path, len(host.requests)) == ("http_calls", (2,), 2)


async def test_answers_count_as_data_while_they_come_and_before_they_are_parsed(
    make_scope: Callable[..., Scope], host: FakeHost
) -> None:
    program = compile_node({"@type": "http", "method": "GET", "url": "https://a.io/"})

    async def budget_of(answer: HttpResponse, data_bytes: int) -> str | None:
        host.answers = [answer]
        try:
            await program.evaluate(make_scope(budget=Budget(data_bytes=data_bytes)))
        except LogicError as error:
            return str(error.details["budget"])
        return None

    text = HttpResponse(200, {"content-type": "text/plain"}, b"[" * 1000)
    assert await budget_of(text, 1000) is None
    assert await budget_of(text, 999) == "data"
    containers = json_answer([{}] * 99)
    assert await budget_of(containers, len(containers.body) + 6000) is None
    assert await budget_of(containers, len(containers.body) + 5999) == "data"


async def test_the_hosts_refusal_gets_the_nodes_path(make_scope: Callable[..., Scope], host: FakeHost) -> None:
    host.answers = [LogicError("egress_denied", "10.0.0.1 is a private address.")]
    node = {"@type": "http", "method": "GET", "url": "http://10.0.0.1/"}
    error = await refusal(compile_node({"a": node}).evaluate(make_scope()))
    assert (error.code, error.path) == ("egress_denied", ("a",))
