"""`$.axios` and `fetch` as service authors use them: what is sent, what comes back, what fails."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.logic.budget import Budget
from libs.logic.errors import LogicError
from libs.logic.scope import Credential, HttpResponse
from tests.logic.fake_host import FakeHost, json_answer

Run = Callable[..., Any]


async def failure(call: Any) -> LogicError:
    with pytest.raises(LogicError) as caught:
        await call
    return caught.value


async def test_axios_answers_data_status_and_headers(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [json_answer({"id": 1}, 201)]
    script = """
        const {data, status, statusText, headers} = await $.axios.get('https://example.com/a')
        return {data, status, statusText, type: headers['content-type']}
    """
    assert await run_script(script) == {
        "data": {"id": 1},
        "status": 201,
        "statusText": "Created",
        "type": "application/json",
    }


@pytest.mark.parametrize(
    ("call", "method", "url", "content_type", "body"),
    [
        ("get('https://a.io/x')", "GET", "https://a.io/x", None, None),
        ("get('https://a.io', {params: {q: 'a b', n: null, l: [1, 2]}})", "GET",
         "https://a.io/?q=a+b&l%5B%5D=1&l%5B%5D=2", None, None),
        ("get('https://a.io/?x=1#h', {params: {o: {k: new Date(0)}}})", "GET",
         "https://a.io/?x=1&o%5Bk%5D=1970-01-01T00:00:00.000Z", None, None),
        ("get('/x', {baseURL: 'https://a.io/v1/'})", "GET", "https://a.io/v1/x", None, None),
        ("get('https://b.io/x', {baseURL: 'https://a.io/v1'})", "GET", "https://b.io/x", None, None),
        ("delete('https://a.io/x')", "DELETE", "https://a.io/x", None, None),
        ("head('https://a.io/x')", "HEAD", "https://a.io/x", None, None),
        ("post('https://a.io/x', {a: 1})", "POST", "https://a.io/x", "application/json", b'{"a":1}'),
        ("put('https://a.io/x', [1])", "PUT", "https://a.io/x", "application/json", b"[1]"),
        ("patch('https://a.io/x', 'a=1')", "PATCH", "https://a.io/x", "application/x-www-form-urlencoded", b"a=1"),
        ("post('https://a.io/x', new URLSearchParams({a: 'b c'}))", "POST", "https://a.io/x",
         "application/x-www-form-urlencoded;charset=utf-8", b"a=b+c"),
        ("post('https://a.io/x', {a: [1], b: {c: 'd'}}, "
         "{headers: {'Content-Type': 'application/x-www-form-urlencoded'}})", "POST",
         "https://a.io/x", "application/x-www-form-urlencoded", b"a%5B%5D=1&b%5Bc%5D=d"),
        ("post('https://a.io/x', new Uint8Array([0, 255]))", "POST", "https://a.io/x",
         "application/x-www-form-urlencoded", b"\x00\xff"),
        ("request({method: 'post', url: 'https://a.io/x', data: '<a/>', headers: {'content-type': 'text/xml'}})",
         "POST", "https://a.io/x", "text/xml", b"<a/>"),
    ],
)  # fmt: skip
async def test_axios_sends_as_axios_does(
    run_script: Run,
    script_host: FakeHost,
    call: str,
    method: str,
    url: str,
    content_type: str | None,
    body: bytes | None,
) -> None:
    await run_script(f"await $.axios.{call}")
    [request] = script_host.requests
    assert (request.method, request.url, request.body) == (method, url, body)
    assert request.headers.get("content-type") == content_type


async def test_axios_is_a_function_and_makes_instances(run_script: Run, script_host: FakeHost) -> None:
    await run_script("""
        await $.axios('https://a.io/1', {method: 'put'})
        await $.axios({url: 'https://a.io/2', auth: {username: 'ü', password: 'p'}})
        const api = $.axios.create({baseURL: 'https://a.io/v2', headers: {'X-Key': 'k'}})
        await api.get('things', {headers: {'X-Other': 'o'}})
    """)
    assert [request.url for request in script_host.requests] == [
        "https://a.io/1",
        "https://a.io/2",
        "https://a.io/v2/things",
    ]
    assert script_host.requests[1].headers["authorization"] == "Basic w7w6cA=="
    assert script_host.requests[2].headers["x-key"] == "k"
    assert script_host.requests[2].headers["x-other"] == "o"


async def test_axios_reads_text_and_bytes_when_asked(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [json_answer([1]), HttpResponse(200, {}, b"\x00\xff"), HttpResponse(200, {}, b"no json")]
    script = """
        const text = await $.axios.get('https://a.io/', {responseType: 'text'})
        const bytes = await $.axios.get('https://a.io/', {responseType: 'arraybuffer'})
        const plain = await $.axios.get('https://a.io/')
        return [text.data, [...new Uint8Array(bytes.data)], plain.data]
    """
    assert await run_script(script) == ["[1]", [0, 255], "no json"]


async def test_an_axios_error_can_be_caught_and_looked_at(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [json_answer({"why": "gone"}, 410)]
    script = """
        try { await $.axios.get('https://a.io/') } catch (error) {
          return [error.message, error.code, error.response.status, error.response.data, error.isAxiosError,
                  $.axios.isAxiosError(error), error.name]
        }
    """
    assert await run_script(script) == [
        "Request failed with status code 410",
        "ERR_BAD_REQUEST",
        410,
        {"why": "gone"},
        True,
        True,
        "AxiosError",
    ]


async def test_an_axios_error_that_nobody_catches_tells_the_providers_words(
    run_script: Run, script_host: FakeHost
) -> None:
    script_host.answers = [json_answer({"why": "gone"}, 410)]
    error = await failure(run_script("const a = 1\nawait $.axios.get('https://a.io/')"))
    assert (error.code, error.message) == ("script_error", "Request failed with status code 410")
    assert error.details["status"] == 410
    assert error.details["body"] == '{"why":"gone"}'
    assert error.details["script_line"] == 2


async def test_validate_status_decides_what_fails(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [json_answer(0, 404), json_answer(0, 500), json_answer(0, 200)]
    assert (
        await run_script("return (await $.axios.get('https://a.io/', {validateStatus: (s) => s < 500})).status") == 404
    )
    assert await run_script("return (await $.axios.get('https://a.io/', {validateStatus: null})).status") == 500
    await failure(run_script("await $.axios.get('https://a.io/', {validateStatus: () => false})"))


@pytest.mark.parametrize("call", ["$.axios.get('https://a.io/')", "fetch('https://a.io/')"])
async def test_the_hosts_refusal_keeps_its_code_through_the_script(
    run_script: Run, script_host: FakeHost, call: str
) -> None:
    refused = LogicError("egress_denied", "10.0.0.1 is a private address.", details={"rule": "private"})
    script_host.answers = [refused, refused]
    error = await failure(run_script(f"await 1\nawait {call}"))
    assert (error.code, error.message, error.details["rule"]) == ("egress_denied", refused.message, "private")
    assert error.details["script_line"] == 2
    assert await run_script(f"try {{ await {call} }} catch (error) {{ return error.message }}") == refused.message


async def test_a_timeout_is_in_milliseconds(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [LogicError("timeout", "took too long")]
    script = "try { await $.axios.get('https://a.io/', {timeout: 1500}) } catch (error) { return error.code }"
    assert await run_script(script) == "ECONNABORTED"
    assert script_host.requests[0].timeout_s == 1.5


async def test_fetch_answers_a_response(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [json_answer({"a": 1}, 404), HttpResponse(200, {"x-a": "b"}, b"\xff")]
    script = """
        const missing = await fetch('https://a.io/1', {headers: new Headers([['X-A', '1']])})
        const bytes = await fetch(new URL('https://a.io/2'), {method: 'post', body: 'hi'})
        return [missing.ok, missing.status, missing.statusText, missing.headers.get('Content-Type'),
                await missing.json(), bytes.ok, [...bytes.headers], (await bytes.arrayBuffer()).byteLength]
    """
    assert await run_script(script) == [
        False, 404, "Not Found", "application/json", {"a": 1}, True, [["x-a", "b"]], 1
    ]  # fmt: skip
    first, second = script_host.requests
    assert first.headers == {"x-a": "1"}
    assert (second.method, second.body) == ("POST", b"hi")
    assert second.headers == {"content-type": "text/plain;charset=UTF-8"}


@pytest.mark.parametrize(
    ("call", "redirects"),
    [
        ("$.axios.get('https://a.io/')", 5),
        ("$.axios.get('https://a.io/', {maxRedirects: 0})", 0),
        ("$.axios.get('https://a.io/', {maxRedirects: 2})", 2),
        ("$.axios.get('https://a.io/', {maxRedirects: 99})", 5),
        ("$.axios.get('https://a.io/', {maxRedirects: 'x'})", 5),
        ("fetch('https://a.io/')", 5),
        ("fetch('https://a.io/', {redirect: 'manual'})", 0),
        ("fetch('https://a.io/', {redirect: 'error'})", 0),
    ],
)
async def test_a_script_says_how_many_redirects_are_followed(
    run_script: Run, script_host: FakeHost, call: str, redirects: int
) -> None:
    await run_script(f"await {call}")
    assert script_host.requests[0].max_redirects == redirects


async def test_a_response_tells_where_redirects_led(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [HttpResponse(200, {}, b"", "https://b.io/x"), HttpResponse(200, {}, b"", "https://a.io/")]
    script = "const {url, redirected} = await fetch('https://a.io'); return [url, redirected]"
    assert await run_script(script) == ["https://b.io/x", True]
    assert await run_script(script) == ["https://a.io/", False]


async def test_a_body_that_a_script_makes_up_is_refused(run_script: Run, script_host: FakeHost) -> None:
    script = """
        Array.prototype.splice = () => '{"id":1,"method":"POST","url":"https://a.io/","base64":"\\u00e9"}'
        await fetch('https://a.io/')
    """
    assert (await failure(run_script(script))).code == "invalid_input"


async def test_requests_run_side_by_side(run_script: Run, script_host: FakeHost) -> None:
    script = """
        const all = await Promise.all([1, 2, 3].map((n) => fetch('https://a.io/' + n)))
        return all.length
    """
    assert await run_script(script) == 3
    assert len(script_host.requests) == 3


async def test_a_request_that_is_not_awaited_is_still_sent(run_script: Run, script_host: FakeHost) -> None:
    assert await run_script("fetch('https://a.io/'); return 1") == 1
    assert len(script_host.requests) == 1


async def test_more_requests_than_the_budget_end_the_script(run_script: Run, script_host: FakeHost) -> None:
    script = "for (;;) { try { await fetch('https://a.io/') } catch {} }"
    error = await failure(run_script(script, budget=Budget(http_calls=3)))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "http_calls")
    assert len(script_host.requests) == 3


async def test_half_a_surrogate_pair_is_sent_as_the_replacement_character(
    run_script: Run, script_host: FakeHost
) -> None:
    odd = "'a\\ud800\\\\ud800'"
    await run_script(
        f"await fetch('https://a.io/?q=' + {odd}, {{method: 'POST', headers: {{'X-A': {odd}}}, body: {odd}}})"
    )
    await run_script(f"await $.axios.post('https://a.io/', {{a: {odd}}})")
    fetched, posted = script_host.requests
    assert fetched.url == "https://a.io/?q=a%EF%BF%BD%5Cud800"
    assert (fetched.headers["x-a"], fetched.body) == ("a\ufffd\\ud800", "a\ufffd\\ud800".encode())
    assert posted.body == b'{"a":"a\\ud800\\\\ud800"}'


async def test_what_the_host_fails_at_ends_the_evaluation(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [HttpResponse(200, {"x-name": "Jos\udce9"}, b"")]
    with pytest.raises(TypeError, match="surrogates not allowed"):
        await run_script("await fetch('https://a.io/')")


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "punycode", "undefined", "caf\u00e9", "a\x00b"])
async def test_a_charset_that_the_web_does_not_know_is_read_as_utf_8(
    run_script: Run, script_host: FakeHost, charset: str
) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    script_host.answers = [HttpResponse(200, headers, b"\\ud800+2AA-\xff")]
    assert await run_script("return (await fetch('https://a.io/')).text()") == "\\ud800+2AA-\ufffd"


async def test_answers_count_as_data_while_they_come(run_script: Run, script_host: FakeHost) -> None:
    script_host.answers = [HttpResponse(200, {}, b"x" * 2000)]
    script = "return (await fetch('https://a.io/')).status"
    error = await failure(run_script(script, budget=Budget(data_bytes=1000)))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "data")


async def test_empty_arrays_count_before_they_are_parsed(run_script: Run) -> None:
    script = "return Array.from({length: 1000}, () => [])"
    assert len(await run_script(script, budget=Budget(data_bytes=70_000))) == 1000
    error = await failure(run_script(script, budget=Budget(data_bytes=50_000)))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "data")


async def test_what_a_script_sends_counts_only_what_parsing_makes_of_it(run_script: Run, script_host: FakeHost) -> None:
    script = "await fetch('https://a.io/', {method: 'POST', body: given.repeat(5000)}); return 1"
    await run_script(f"const given = 'xy'; {script}", budget=Budget(data_bytes=5000))
    error = await failure(run_script(f"const given = '[]'; {script}", budget=Budget(data_bytes=5000)))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "data")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("fetch('file:///etc/passwd')", "http:// or https://"),
        ("fetch('/relative')", "http:// or https://"),
        ("fetch('https://a.io/', {method: 'BREW'})", "method"),
        ("fetch('https://a.io/', {headers: {a: 'x\\r\\nb: c'}})", "header"),
        ("$.axios.get()", "http:// or https://"),
    ],
)
async def test_a_request_that_can_not_be_sent_is_a_clear_error(
    run_script: Run, script_host: FakeHost, call: str, words: str
) -> None:
    error = await failure(run_script(f"await {call}"))
    assert error.code == "invalid_input"
    assert words in error.message
    assert script_host.requests == []


async def test_a_header_with_the_token_may_not_follow_to_another_host(run_script: Run, script_host: FakeHost) -> None:
    script = "await $.axios.get('https://a.io/', {headers: {'X-Api-Key': service.token}})"
    await run_script(script, credential=Credential(id="1", token="secret-token"))
    assert "x-api-key" in script_host.requests[0].sensitive_headers
