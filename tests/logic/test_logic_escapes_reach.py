"""Scripts that reach for what isn't theirs: the system, the engine, our own code, and other calls' worlds."""

import pytest

from tests.logic.escapes import THROWS, WALL, Arena, Cases, Fails, Value, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

ABSENT = """
return ['os', 'std', 'bjson', 'scriptArgs', 'Worker', 'process', 'require', 'module', 'exports', 'print', 'load',
  'loadScript', 'gc', 'XMLHttpRequest', 'WebSocket', 'WebAssembly', 'navigator', 'document', 'window', 'Deno', 'Bun',
  'host', '__dirname', '__loadScript', 'console'].filter((name) => name in globalThis)
"""
NO_URL = Fails("invalid_input", says="must start with http")
OURS = "(text) => /host|toText|queued|operation/.test(String(text))"

CASES: Cases = {
    # The system.
    "names of the system": (ABSENT.replace(", 'console'", ""), Value([])),
    "import of std": ("return await import('std')", says("could not load module")),
    "import of os": ("return await import('os')", says("could not load module")),
    "import of qjs:os": ("return await import('qjs:os')", says("could not load module")),
    "import of bjson": ("return await import('qjs:bjson')", says("could not load module")),
    "import of a file": ("return await import('/etc/passwd')", says("could not load module")),
    "import of a file as JSON": ("return await import('/etc/hosts', {with: {type: 'json'}})", THROWS),
    "import of a shared object": ("return await import('./_quickjs.abi3.so')", says("could not load module")),
    "import of data": ("return await import('data:text/javascript,export default 1')", THROWS),
    "import of a URL": ("return await import('https://example.com/a.js')", THROWS),
    "import through Function": ("return await Function('return import(\"os\")')()", THROWS),
    "static import": ("import os from 'os'; return 1", says("SyntaxError")),
    "import.meta": ("return import.meta", says("SyntaxError")),
    "an environment": ("return typeof process === 'object' ? process.env : null", Value(None)),
    "a file by fetch": ("return (await fetch('file:///etc/passwd')).status", NO_URL),
    "a blob by fetch": ("return (await fetch('blob:x')).status", NO_URL),
    "a socket by fetch": ("return (await fetch('unix:///var/run/docker.sock')).status", NO_URL),
    "time of the machine's zone": ("return new Date(2020, 6, 1).getTimezoneOffset()", Value(0)),
    "blocking the thread": ("Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)", says("cannot block")),
    # The engine.
    "constructor of a constructor": (
        "return ({}).constructor.constructor('return this')() === globalThis",
        Value(True),
    ),
    "Function": ("return Function('return typeof require + typeof process')()", Value("undefinedundefined")),
    "AsyncFunction": ("return await (async () => {}).constructor('return typeof os')()", Value("undefined")),
    "GeneratorFunction": (
        "return (function* () {}).constructor('yield typeof std')().next().value",
        Value("undefined"),
    ),
    "indirect eval": ("return (0, eval)('typeof std')", Value("undefined")),
    "direct eval sees no variable of ours": (
        "return eval('typeof host + typeof library')",
        Value("undefinedundefined"),
    ),
    "Function closes over nothing of ours": ("return Function('return typeof host')()", Value("undefined")),
    "caller of a function": ("return (function f() { return f.caller ?? null })()", Value(None)),
    "caller of arguments": ("return (function () { return arguments.callee.caller ?? null })()", Value(None)),
    "call sites": (
        "Error.prepareStackTrace = (_, sites) => sites.map((site) => String(site.getFunction?.())).join();"
        f"return ({OURS})(new Error('').stack)",
        Value(False),
    ),
    "call sites by defineProperty": (
        "try { Object.defineProperty(Error, 'prepareStackTrace', {value: (_, sites) => sites}) } catch {}"
        "const {stack} = new Error(''); return typeof stack",
        Value("string"),
    ),
    "call sites of captureStackTrace": (
        "try { Error.prepareStackTrace = (_, sites) => sites } catch {}"
        "const taken = {}; Error.captureStackTrace(taken); return typeof taken.stack",
        Value("string"),
    ),
    "a stack trace of a million frames": (
        "Error.stackTraceLimit = 1e9; return typeof new Error('').stack",
        Value("string"),
    ),
    "finalization": ("new FinalizationRegistry(() => { for (;;); }).register({}, 1); return 1", Value(1)),
    "the arguments of the wrapper": ("return arguments.length", Value(0)),
    "this of the wrapper": ("return this === globalThis || this === undefined", Value(True)),
    "closing the wrapper": ("} : 0; globalThis.escaped = 1; true ? async function () { return escaped", Value(1)),
    "closing another wrapper": ("return 1 }); globalThis.escaped = 1; (async function () { return escaped", THROWS),
    "a comment to the end": ("return 1 /*", THROWS),
    "a hashbang": ("#!/usr/bin/env node\nreturn 1", THROWS),
    "a line that never ends": ("return 1 //", Value(1)),
    "a line separator": ("return '\u2028'.length", Value(1)),
    "a NUL in the source": ("return 'a\0b'.length", says("null character")),
    "half of a pair in the source": ("return '\ud800'.length", Value(1)),
    "a label and a goto": ("all: for (;;) { for (;;) break all } return 1", Value(1)),
    # Our own code.
    "$ holds only libraries": ("$.axios; return Object.keys($)", Value(["axios"])),
    "defaults of axios changed": (
        "$.axios.defaults.headers = {a: 'b'}; $.axios.defaults.adapter = () => 1; return 1",
        Value(1),
    ),
    "axios replaced": ("$.axios = null; return $.axios", Value(None)),
    "our promise's constructor": (
        "const answer = fetch('https://example.com/'); return answer.constructor === Promise",
        Value(True),
    ),
    "then of a request taken over": (
        "Promise.prototype.then = function () { return 'mine' }; return await fetch('https://example.com/')",
        (THROWS, WALL),
    ),
    "a setter on the root": (
        "let seen = 0; for (const name of ['value', 'text', 'done', 'threw', 'error', 'fault', 'lines']) {"
        "  Object.defineProperty(Object.prototype, name, {__proto__: null, set() { seen += 1 }, configurable: true}) }"
        "await null; return seen",
        Value(0),
    ),
    "a getter on the root": (
        "for (const name of ['threw', 'fault', 'error']) {"
        "  Object.defineProperty(Object.prototype, name, {__proto__: null, get() { return 'a' }, configurable: true}) }"
        "return 1",
        Value(1),
    ),
    # Other calls.
    "a global left behind": ("globalThis.shared = 1; globalThis.input = 1; return shared", Value(1)),
    "Object.prototype": ("Object.prototype.polluted = 1; return ({}).polluted", Value(1)),
    "Array.prototype": ("Array.prototype.polluted = 1; Array.prototype.push = null; return [].polluted", Value(1)),
    "__proto__ of parsed JSON": (
        'const made = JSON.parse(\'{"__proto__": {"polluted": 1}}\'); return ({}).polluted ?? made.polluted ?? null',
        Value(None),
    ),
    "__proto__ merged": (
        "const merge = (a, b) => { for (let k in b) b[k] instanceof Object ? merge(a[k] ??= {}, b[k]) : a[k] = b[k] };"
        'merge({}, JSON.parse(\'{"__proto__": {"polluted": 1}}\')); return ({}).polluted',
        Value(1),
    ),
    "JSON.stringify": ("JSON.stringify = () => 'forged'; return JSON.stringify(1)", Value("forged")),
    "frozen builtins": ("Object.freeze(Object.prototype); Object.freeze(globalThis); return 1", Value(1)),
    "all of the globals deleted": (
        "for (const name of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[name] } catch {} return 1",
        Value(1),
    ),
    "a symbol of the registry": (
        "Symbol.for('shared').description; return Symbol.keyFor(Symbol.for('shared'))",
        Value("shared"),
    ),
    "a shared buffer": ("globalThis.shared = new SharedArrayBuffer(8); return shared.byteLength", Value(8)),
    "templates kept between calls": ("const t = (s) => s; return t`a` === t`a`", Value(False)),
    "a regular expression's last match": ("/(s)ecret/.test('secret'); return RegExp.$1 ?? null", Value(None)),
    "random numbers repeat": ("return Math.random() === Math.random()", Value(False)),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_contained(arena: Arena, name: str) -> None:
    await arena.contain(*CASES[name])
