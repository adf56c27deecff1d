"""Scripts: what they see, what they may return, and how their failures are told."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.logic.budget import Budget
from libs.logic.console import LEFT_OUT
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.scope import Credential, Scope
from tests.logic.fake_host import FakeHost

Run = Callable[..., Any]


async def failure(call: Any) -> LogicError:
    with pytest.raises(LogicError) as caught:
        await call
    return caught.value


async def test_a_script_sees_what_it_is_given(run_script: Run) -> None:
    script = """
        return {data: input.data, query: input.query, vars: service.vars, same: connector === service,
                token: service.token, name: service.token_name, url: service.url, virtual: service.virtual,
                notification, state}
    """
    members = {
        "credential": Credential(id="1", name="Ann", token="t", url="https://x", virtual="v"),
        "variables": {"region": "eu"},
        "query": {"q": "1"},
        "notification": {"body": "b"},
        "state": {"hook": 7},
    }
    assert await run_script(script, {"a": [1]}, **members) == {
        "data": {"a": [1]},
        "query": {"q": "1"},
        "vars": {"region": "eu"},
        "same": True,
        "token": "t",
        "name": "Ann",
        "url": "https://x",
        "virtual": "v",
        "notification": {"body": "b"},
        "state": {"hook": 7},
    }


async def test_an_input_node_replaces_the_source(script_host: FakeHost, make_scope: Callable[..., Scope]) -> None:
    given = {"x": {"@type": "reference", "operation": "source", "path": ["a"]}}
    node = {"@type": "script", "language": "javascript", "script": "return input.data.x", "input": given}
    assert await compile_node(node).evaluate(make_scope({"a": 3}, host=script_host)) == 3


async def test_names_in_scope_may_be_declared_anew(run_script: Run) -> None:
    assert await run_script("const state = 1, input = 2, $ = 3; let service = 4; return state + $ + service") == 8


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("", None),
        ("return", None),
        ("return undefined", None),
        ("return [1, 'a', null, {b: true}] // done", [1, "a", None, {"b": True}]),
        ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("return NaN", None),
        ("return {f() {}, n: undefined}", {}),
        ("return Promise.resolve(5)", 5),
        ("return '\\ud800 a\\0b \\\\ud800'", "\ufffd a\0b \\ud800"),
        ("return {toJSON() { return 'own' }}", "own"),
        ("return JSON.parse('[9007199254740993]')", [9007199254740992]),
    ],
)
async def test_what_is_returned_becomes_json(run_script: Run, script: str, value: Any) -> None:
    script = script or " "
    assert await run_script(script) == value


@pytest.mark.parametrize("text", ["x", "é", "日本", "🙂", 'quo"te日', "back\\slash日"])
async def test_long_texts_of_any_script_come_and_go(run_script: Run, script_host: FakeHost, text: str) -> None:
    whole = text * 5_000
    assert await run_script("return input.data", whole) == whole
    assert await run_script("let all = ''; for (const sign of input.data) all += sign; return all", whole) == whole
    await run_script("await fetch('https://x/', {method: 'POST', body: input.data}); return 1", whole)
    assert script_host.requests[-1].body == whole.encode()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("return () => 1", "returned a function"),
        ("return Symbol('x')", "returned a symbol"),
        ("return 10n", "BigInt"),
        ("return {a: 10n}", "BigInt"),
        ("const a = {}; a.a = a; return a", "circular"),
        ("return new Proxy({}, {ownKeys() { throw new Error('boo') }})", "boo"),
        ("return {get a() { throw new Error('boo') }}", "boo"),
        ("return {toJSON() { throw new Error('boo') }}", "boo"),
        ("let a = 1; for (let i = 0; i < 300; i += 1) a = [a]; return a", "nested deeper"),
        ("await new Promise(() => {})", "nothing is going to settle"),
        ("throw {toString() { throw 1 }, get message() { throw 2 }}", "can't be read"),
    ],
)
async def test_what_json_can_not_hold_is_a_clear_error(run_script: Run, script: str, words: str) -> None:
    error = await failure(run_script(script))
    assert error.code == "script_error"
    assert words in error.message


@pytest.mark.parametrize(
    ("script", "message", "line"),
    [
        ("throw new Error('no such user')", "no such user", 1),
        ("const a = 1\n\nnull.name", "TypeError: cannot read property 'name' of null", 3),
        ("function deep() {\n  throw new RangeError('x')\n}\n\ndeep()", "RangeError: x", 2),
        ("await 1\nthrow new Error('later')", "later", 2),
        ("throw 'plain text'", "plain text", None),
        ("throw {message: 'from an object'}", "from an object", None),
        ("throw {code: 5}", '{"code":5}', None),
        ("queueMicrotask(() => {\n  throw new Error('aside') })\nawait 1", "Error: aside", 2),
        ("function again() { again() }\nagain()", "RangeError: Maximum call stack size exceeded", 1),
        ("return missing", "ReferenceError: missing is not defined", 1),
        ("let a = ;", "SyntaxError: unexpected token in expression: ';'", 1),
    ],
)
async def test_a_throw_tells_message_and_line(run_script: Run, script: str, message: str, line: int | None) -> None:
    error = await failure(run_script(script))
    assert (error.code, error.message) == ("script_error", message)
    assert error.details.get("script_line") == line


@pytest.mark.parametrize("script", ["throw null", "return Promise.reject(null)", "throw input.data", "throw 'null'"])
async def test_a_null_that_is_thrown_is_the_scripts_own_error(run_script: Run, script: str) -> None:
    error = await failure(run_script(script))
    assert (error.code, error.message) == ("script_error", "null")


@pytest.mark.parametrize("script", ["let o = null; for (;;) o = {o}", "let o = null; for (;;) o = [o]"])
async def test_a_null_of_the_engine_is_the_end_of_the_memory(run_script: Run, script: str) -> None:
    error = await failure(run_script(script, budget=Budget(memory_bytes=16 << 20)))
    assert (error.code, error.details["budget"]) == ("budget_exceeded", "memory")


async def test_what_was_printed_is_kept_and_told_with_a_failure(
    run_script: Run, script_host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    scope = make_scope(host=script_host)
    node = {"@type": "script", "script": "console.log('a', {b: 1}); console.error(new TypeError('x')); return 1"}
    assert await compile_node(node).evaluate(scope) == 1
    assert scope.console.lines == ['a {"b":1}', "TypeError: x"]
    error = await failure(run_script("console.log('before'); throw new Error('x')"))
    assert error.details["console"] == ["before"]
    error = await failure(run_script("console.log('before'); for (;;);", budget=Budget(cpu_s=0.1)))
    assert error.details["console"] == ["before"]


async def test_what_is_printed_is_bounded_for_all_scripts_of_an_evaluation(
    script_host: FakeHost, make_scope: Callable[..., Scope]
) -> None:
    for print_it, most in (("console.log('z')", 200), ("console.log('z'.repeat(2000))", 32), ("console.log('é')", 200)):
        scope = make_scope(host=script_host)
        each = {"@type": "script", "script": f"for (let i = 0; i < 150; i += 1) {print_it}; return 1"}
        fails = {"@type": "script", "script": f"{print_it}; throw new Error('x')"}
        error = await failure(compile_node([each, each, fails]).evaluate(scope))
        assert len(scope.console.lines) == most + 1
        assert scope.console.lines[-1] == LEFT_OUT
        assert error.details["console"] == scope.console.lines


async def test_the_last_line_of_many_tells_that_there_were_more(run_script: Run) -> None:
    error = await failure(
        run_script("for (let i = 0; i < 300; i += 1) console.log(i); for (;;);", budget=Budget(cpu_s=0.1))
    )
    assert error.details["console"] == [*map(str, range(200)), LEFT_OUT]
    error = await failure(run_script("for (let i = 0; i < 200; i += 1) console.log(i); throw 1"))
    assert error.details["console"] == [*map(str, range(200))]


async def test_reading_a_missing_credential_is_that_error(run_script: Run) -> None:
    missing = LogicError("credential_required", "Connect an account of 'crm' first.")
    error = await failure(run_script("return [\nservice.token]", credential_error=missing))
    assert (error.code, error.message) == ("credential_required", missing.message)
    assert error.details["script_line"] == 2
    assert await run_script("return service.vars", credential_error=missing) == {}
    assert await run_script("return service.token") is None


async def test_a_script_using_variables_needs_the_required_ones(run_script: Run) -> None:
    error = await failure(run_script("return service.vars.a", missing_variables=frozenset({"client_id"})))
    assert error.code == "variable_missing"
    assert await run_script("return 1", missing_variables=frozenset({"client_id"})) == 1


async def test_a_secret_is_taken_out_of_messages_and_console(run_script: Run) -> None:
    script = "console.log(service.token); throw new Error('bad ' + service.token)"
    error = await failure(run_script(script, credential=Credential(id="1", token="secret-token")))
    assert error.message == "bad [secret]"
    assert error.details["console"] == ["[secret]"]


async def test_no_state_is_carried_from_one_call_to_the_next(run_script: Run) -> None:
    await run_script("globalThis.kept = 1; Array.prototype.kept = 2; Object.prototype.kept = 3; JSON.parse = null")
    assert await run_script("return [typeof kept, [].kept, ({}).kept, typeof JSON.parse]") == [
        "undefined",
        None,
        None,
        "function",
    ]


@pytest.mark.parametrize(
    "script",
    [
        "return this.constructor.constructor('return typeof process + typeof require + typeof os + typeof std')()",
        "return (async () => {}).constructor('return typeof process + typeof require + typeof os + typeof std')()",
        "return [typeof process, typeof require, typeof os, typeof std].join('')",
    ],
)
async def test_nothing_of_the_machine_is_in_reach(run_script: Run, script: str) -> None:
    assert await run_script(script) == "undefined" * 4


async def test_spoiling_the_language_hurts_only_oneself(run_script: Run) -> None:
    spoiling = """
        JSON.stringify = () => 'oops'; Promise.prototype.then = null; Array.prototype.join = () => ({});
        Object.defineProperty(Object.prototype, 'value', {get() { throw 1 }, set() { throw 2 }});
        return 1
    """
    error = await failure(run_script(spoiling))
    assert error.code == "script_error"
    assert await run_script("return 2") == 2


async def test_the_web_things_are_there(run_script: Run) -> None:
    script = """
        const uuid = crypto.randomUUID()
        const url = new URL('../b?x=1#h', 'https://User:pw@Example.com:443/a/c/d')
        url.searchParams.append('y', 'ä &')
        return {
          uuid: /^[\\da-f]{8}-[\\da-f]{4}-4[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}$/.test(uuid),
          other: uuid !== crypto.randomUUID(), bytes: crypto.getRandomValues(new Uint8Array(4)).length,
          href: url.href, origin: url.origin, bad: URL.canParse('no url'),
          params: [...new URLSearchParams('a=1&b=+x%20y')], base64: [btoa('hi'), atob('aGk=')],
          text: new TextDecoder().decode(new TextEncoder().encode('hé€😀')),
          broken: new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x62])),
        }
    """
    assert await run_script(script) == {
        "uuid": True,
        "other": True,
        "bytes": 4,
        "href": "https://User:pw@example.com/a/b?x=1&y=%C3%A4+%26#h",
        "origin": "https://example.com",
        "bad": False,
        "params": [["a", "1"], ["b", " x y"]],
        "base64": ["aGk=", "hi"],
        "text": "hé€😀",
        "broken": "a\ufffd\ufffdb",
    }
