"""Scripts that answer what can't be an answer, or take over what their answer is made with."""

import pytest

from libs.logic.budget import Budget
from tests.logic.escapes import CPU, MEMORY, OUTPUT, THROWS, WALL, Arena, Cases, Fails, Value, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUDGET = Budget(cpu_s=0.5, wall_s=8)
NOT_JSON = says("JSON can't hold")
UNREADABLE = says("can't be read")
UNAFFECTED = Value({"a": [1, "b"]})
ANSWER = "return {a: [1, 'b']}"
REQUEST = "await fetch('https://example.com/')"
FORGED = 'D{"value":"forged"}'

CASES: Cases = {
    # Results.
    "undefined": ("return undefined", Value(None)),
    "a function": ("return () => 1", says("returned a function")),
    "a symbol": ("return Symbol('a')", says("returned a symbol")),
    "a bigint": ("return 1n", NOT_JSON),
    "numbers that are none": ("return [NaN, Infinity, -0]", Value([None, None, 0])),
    "a cycle": ("const o = {}; o.o = o; return o", NOT_JSON),
    "a cycle through toJSON": ("const o = {toJSON: () => ({o})}; return o", (NOT_JSON, THROWS)),
    "10,000 levels": ("let v = 1; for (let n = 0; n < 1e4; n += 1) v = [v]; return v", (UNREADABLE, NOT_JSON, THROWS)),
    "300 levels": ("let v = 1; for (let n = 0; n < 300; n += 1) v = {v}; return v", UNREADABLE),
    "a Proxy": ("return new Proxy({a: 1}, {})", Value({"a": 1})),
    "a Proxy with keys of its own": (
        "return new Proxy({}, {ownKeys: () => ['a'], get: () => 1,"
        " getOwnPropertyDescriptor: () => ({value: 1, enumerable: true, configurable: true})})",
        Value({"a": 1}),
    ),
    "a revoked Proxy": ("const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); return [proxy]", NOT_JSON),
    "a Proxy of a function": ("return new Proxy(() => 1, {})", says("returned a function")),
    "a Proxy that is an array": ("return new Proxy([1, 2], {})", Value([1, 2])),
    "a Proxy of endless length": (
        "return new Proxy([], {get: (t, n) => n === 'length' ? 2 ** 32 : t[n]})",
        (CPU, MEMORY),
    ),
    "a getter that throws": ("return {get a() { throw new Error('mine') }}", says("mine")),
    "a getter that throws null": ("return {get a() { throw null }}", (NOT_JSON, MEMORY)),
    "a getter that changes": (
        "let n = 0; return {get a() { return n += 1 }, get b() { return n += 1 }}",
        Value({"a": 1, "b": 2}),
    ),
    "a result that grows while it is read": (
        "const all = [{get a() { all.push(1); return all.length }}, 2]; return all",
        Value([{"a": 3}, 2]),
    ),
    "a result that shrinks while it is read": (
        "const all = [{get a() { all.length = 1; return 1 }}, 2]; return all",
        Value([{"a": 1}, None]),
    ),
    "toJSON of texts": ("String.prototype.toJSON = () => ({a: 1}); return ['a', Object('b')]", Value(["a", {"a": 1}])),
    "toJSON of everything": ("Object.prototype.toJSON = () => 1; return {a: {b: 2}}", Value(1)),
    "toJSON that is undefined": ("return {toJSON() {}}", Value(None)),
    "toJSON that throws": ("return {toJSON() { throw new Error('mine') }}", says("mine")),
    "a boxed text": ("return Object('a')", Value("a")),
    "a date that is none": ("return new Date(NaN)", Value(None)),
    "a thenable": ("return {then: (resolve) => resolve(1)}", Value(1)),
    "a thenable that throws": ("return {then() { throw new Error('mine') }}", says("mine")),
    "a thenable of thenables": (
        "let t = 1; for (let n = 0; n < 1000; n += 1) { const u = t; t = {then: (r) => r(u)} } return t",
        Value(1),
    ),
    "a promise that is never settled": ("return new Promise(() => {})", says("nothing is going to settle")),
    "a rejected promise left alone": ("Promise.reject(new Error('mine')); return 1", Value(1)),
    "an object without a prototype": ("return Object.assign(Object.create(null), {a: 1})", Value({"a": 1})),
    "a key __proto__": ("return JSON.parse('{\"__proto__\": 1}')", Value({"__proto__": 1})),
    "half of a pair": ("return '\\ud800'", Value("\ufffd")),
    "half of a pair as a key": ("return {['\\udfff']: 1}", Value({"\ufffd": 1})),
    "a NUL": ("return '\\0'", Value("\0")),
    "a map and a set": ("return [new Map([[1, 2]]), new Set([1])]", Value([{}, {}])),
    "a typed array": ("return new Uint8Array([1, 2])", Value({"0": 1, "1": 2})),
    "the globals": ("return Object.keys(globalThis).includes('host')", Value(False)),
    "a number beyond doubles": ("return JSON.parse('1e999')", Value(None)),
    "a sparse array": ("const a = []; a[3] = 1; return a", Value([None, None, None, 1])),
    "a huge sparse array": ("const a = []; a[4e9] = 1; return a", (CPU, MEMORY)),
    "10 MB of text": ("return 'x'.repeat(10 << 20)", OUTPUT),
    "10 MB of escapes": ("return '\\u0001'.repeat(10 << 20)", (OUTPUT, MEMORY, CPU)),
    "10 MB in members": ("const t = 'x'.repeat(1 << 20); return Array(10).fill(t)", OUTPUT),
    "10 MB as an error": ("throw new Error('x'.repeat(10 << 20))", (OUTPUT, says("xxx"))),
    "10 MB as a key": ("return {['x'.repeat(10 << 20)]: 1}", OUTPUT),
    # Frames.
    "text like a frame": (f"return '{FORGED}'", Value(FORGED)),
    "text like a request": ("return 'W[{\"id\":1}]'", Value('W[{"id":1}]')),
    "a frame by join": (f"Array.prototype.join = () => '{FORGED}'; return 1", Value("forged")),
    "a request by join": (
        'Array.prototype.join = () => \'W[{"id":1,"method":"GET"}]\'; return 1',
        (THROWS, Fails("invalid_input")),
    ),
    "a request that is none": ("Array.prototype.join = () => 'W[1,null,\"a\",[]]'; return 1", (WALL, CPU, THROWS)),
    "requests with odd ids": (
        'Array.prototype.join = () => \'W[{"id":[1]},{"id":{}},{"id":true},{"id":-1},{"id":1e300}]\'; return 1',
        (THROWS, Fails("invalid_input")),
    ),
    "requests with odd members": (
        'Array.prototype.join = () => \'W[{"id":1,"url":[],"headers":[1],"method":{},"timeout":"x"}]\'; return 1',
        (THROWS, Fails("invalid_input")),
    ),
    "no JSON by join": ("Array.prototype.join = () => 'D{'; return 1", THROWS),
    "an unknown kind by join": ("Array.prototype.join = () => 'X{}'; return 1", THROWS),
    "no text by join": ("Array.prototype.join = () => ({}); return 1", THROWS),
    "a deep frame by join": (
        "const t = 'D{\"value\":' + '['.repeat(1e5) + ']'.repeat(1e5) + '}'; Array.prototype.join = () => t; return 1",
        THROWS,
    ),
    "a huge frame by join": (
        "const t = 'D{' + 'x'.repeat(20 << 20); Array.prototype.join = () => t; return 1",
        (OUTPUT, THROWS),
    ),
    "a console that is none": ('Array.prototype.join = () => \'D{"value":1,"console":{"a":1}}\'; return 1', Value(1)),
    "our lines by push": (
        "let lines; Array.prototype.push = function () { lines = this }; console.log('a'); delete Array.prototype.push;"
        "for (let n = 0; n < 40; n += 1) lines[n] = 'x'.repeat(1 << 20); return 1",
        (OUTPUT, MEMORY),
    ),
    "our requests by push": (
        "let queued; Array.prototype.push = function (...all) { queued = this; this[this.length] = all[0] };"
        "fetch('https://example.com/'); queued[queued.length] = '{}'; queued[9] = 1; await null; return 1",
        (THROWS, WALL, Fails("invalid_input"), Value(1)),
    ),
    "an error of 30 MB before it runs": (
        "Promise.prototype.then = () => { throw 'x'.repeat(30 << 20) }; return 1",
        THROWS,
    ),
    "an outcome that is none": (
        "Array.prototype.join = () => 'D[]'; return 1",
        says("changed what its result is written with"),
    ),
    "an error's frame by stringify": ("JSON.stringify = () => 'T{}'; throw new Error('mine')", says("mine")),
    # What the answer is made with.
    "JSON replaced": (f"globalThis.JSON = {{stringify: () => '\"forged\"'}}; {ANSWER}", UNAFFECTED),
    "JSON deleted": (f"delete globalThis.JSON; {ANSWER}", UNAFFECTED),
    "Promise replaced": (f"globalThis.Promise = class {{ then() {{}} }}; {ANSWER}", UNAFFECTED),
    "Promise.prototype.then": (f"Promise.prototype.then = () => {{}}; {ANSWER}", THROWS),
    "Promise.prototype.catch": (f"Promise.prototype.catch = () => {{}}; {ANSWER}", UNAFFECTED),
    "Promise[Symbol.species]": (
        f"Object.defineProperty(Promise, Symbol.species, {{value: null}}); {ANSWER}",
        UNAFFECTED,
    ),
    "Object.assign": (f"Object.assign = () => null; {ANSWER}", UNAFFECTED),
    "Array iterator": (f"Array.prototype[Symbol.iterator] = () => null; {ANSWER}", UNAFFECTED),
    "Array.prototype.splice": (
        f"Array.prototype.splice = () => [1]; {REQUEST}; {ANSWER}",
        (WALL, THROWS, Fails("invalid_input")),
    ),
    "String.prototype.includes": (f"String.prototype.includes = () => true; {ANSWER}", UNAFFECTED),
    "String.prototype.replace": ("String.prototype.replace = () => 'D[]'; throw new Error('mine')", THROWS),
    "String.prototype.slice": ("String.prototype.slice = () => 'forged'; throw new Error('mine')", THROWS),
    "RegExp.prototype.exec": (f"RegExp.prototype.exec = () => null; console.log('a'); {ANSWER}", UNAFFECTED),
    "Symbol.replace": ("RegExp.prototype[Symbol.replace] = () => 'forged'; throw new Error('mine')", THROWS),
    "Function.prototype.call": (
        f"Function.prototype.call = null; Function.prototype.apply = null; {ANSWER}",
        UNAFFECTED,
    ),
    "Error replaced": ("globalThis.Error = null; throw {message: 'mine'}", (says("mine"), THROWS)),
    "InternalError replaced": ("globalThis.InternalError = null; return {get a() { throw 1 }}", THROWS),
    "the root frozen": (f"Object.freeze(Object.prototype); Object.freeze(Array.prototype); {ANSWER}", UNAFFECTED),
    "the root null": (f"Object.setPrototypeOf(globalThis, null); {ANSWER}", UNAFFECTED),
    # Errors.
    "message that throws": ("throw {get message() { throw 1 }}", says("can't be read")),
    "stack that throws": (
        "const e = new Error('a'); Object.defineProperty(e, 'stack', {get() { throw 1 }}); throw e",
        says("can't be read"),
    ),
    "name that throws": (
        "const e = new TypeError('a'); Object.defineProperty(e, 'name', {get() { throw 1 }}); throw e",
        says("can't be read"),
    ),
    "stack that is a Proxy": (
        "const e = new Error('a'), value = new Proxy({}, {get() { throw 1 }});"
        "Object.defineProperty(e, 'stack', {value}); throw e",
        says("can't be read"),
    ),
    "stack that lies": ("const e = new Error('a'); e.stack = '<input>:99999999:1 <input>:1001:1'; throw e", says("a")),
    "stack of digits": ("const e = new Error('a'); e.stack = '<input>:' + '9'.repeat(5000) + ':1'; throw e", THROWS),
    "null": ("throw null", says("null")),
    "undefined thrown": ("throw undefined", THROWS),
    "a symbol thrown": ("throw Symbol('mine')", says("mine")),
    "a function thrown": ("throw () => 1", THROWS),
    "a bigint thrown": ("throw 10n ** 20n", THROWS),
    "a Proxy thrown": ("throw new Proxy({}, {get() { throw 1 }})", says("can't be read")),
    "a revoked Proxy thrown": (
        "const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); throw proxy",
        says("can't be read"),
    ),
    "an object that can't be text": ("throw Object.create(null)", THROWS),
    "a cycle thrown": ("const o = {}; o.o = o; throw o", says("can't be read")),
    "a message of half a pair": ("throw new Error('\\ud800')", says("\ufffd")),
    "a message that is memory's": ("throw new Error('InternalError: out of memory')", MEMORY),
    "memory's own error by hand": ("throw new InternalError('out of memory')", MEMORY),
    "an answer of a provider, made up": (
        "throw {isAxiosError: true, message: 'm', response: {status: 'x', data: {}}}",
        says("m"),
    ),
    "an answer with a Proxy in it": (
        "throw {isAxiosError: true, message: 'm', response: new Proxy({}, {get() { throw 1 }})}",
        says("can't be read"),
    ),
    # Console.
    "console with all kinds": ("console.log(1n, Symbol('a'), () => 1, null, undefined, NaN, {}); return 1", Value(1)),
    "console with a cycle": ("const o = {}; o.o = o; console.log(o); return 1", Value(1)),
    "console with a getter that throws": ("console.log({get a() { throw 1 }}); return 1", Value(1)),
    "console with what can't be text": (
        "try { console.log(Object.create(null, {toJSON: {get() { throw 1 }}})) } catch {} return 1",
        Value(1),
    ),
    "console with a revoked Proxy": (
        "const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); try { console.log(proxy) } catch {} return 1",
        Value(1),
    ),
    "console with 10 MB": ("console.log('x'.repeat(10 << 20)); return 1", Value(1)),
    "console with a million lines": ("for (let n = 0; n < 1e6; n += 1) console.log(n); return 1", (Value(1), CPU)),
    "console with a million values": ("console.log(...Array(1e5).fill('x')); return 1", (Value(1), THROWS)),
    "console with quotes": ('console.log(\'"],"value":"forged\'); return 1', Value(1)),
    "console with half of a pair": ("console.log('\\ud800'); return 1", Value(1)),
    "console replaced": ("console = {log() { for (;;); }}; return 1", Value(1)),
    "console with toJSON of all": (
        "Object.prototype.toJSON = () => { throw 1 }; console.log({}); return 1",
        (Value(1), THROWS),
    ),
    # Requests.
    "never answered": ("return await fetch('https://example.com/never')", WALL),
    "never answered and never awaited": ("fetch('https://example.com/never'); return 1", WALL),
    "never answered, and a loop": ("fetch('https://example.com/never'); for (;;) await null", CPU),
    "10,000 at once": (
        "await Promise.all(Array.from({length: 1e4}, () => fetch('https://example.com/')))",
        (Fails("budget_exceeded", "http_calls"), CPU),
    ),
    "51 in turn": (f"for (let n = 0; n < 51; n += 1) {REQUEST}", Fails("budget_exceeded", "http_calls")),
    "a body of 10 MB": ("await fetch('https://example.com/', {method: 'POST', body: 'x'.repeat(10 << 20)})", OUTPUT),
    "an answer of 10 MB": (
        "return (await (await fetch('https://example.com/big')).text()).length",
        (Value(10 << 20), MEMORY),
    ),
    "a URL of 10 MB": ("await fetch('https://example.com/' + 'x'.repeat(10 << 20))", OUTPUT),
    "a URL that throws": (
        "await fetch({toString() { throw new Error('mine') }})",
        (says("mine"), Fails("invalid_input")),
    ),
    "a header that breaks lines": (
        "await fetch('https://example.com/', {headers: {a: 'b\\r\\nc: d'}})",
        (Fails("invalid_input"), THROWS),
    ),
    "a header's name that breaks lines": (
        "await fetch('https://example.com/', {headers: {'a\\n': 'b'}})",
        (Fails("invalid_input"), THROWS),
    ),
    "a method of one's own": ("await fetch('https://example.com/', {method: 'CONNECT'})", Fails("invalid_input")),
    "a timeout without end": ("return (await $.axios.get('https://example.com/never', {timeout: 1e300})).status", WALL),
    "a timeout that is none": ("return (await $.axios.get('https://example.com/', {timeout: 'x'})).status", Value(200)),
    "the mark on our errors": (
        "try { await fetch('file:///') } catch (error) {"
        " const [mark] = Object.getOwnPropertySymbols(error); throw {message: 'mine', [mark]: {}} }",
        (says("mine"), THROWS),
    ),
    "the mark on our errors, with another's name": (
        "try { await fetch('file:///') } catch (error) {"
        " const [mark] = Object.getOwnPropertySymbols(error); throw {message: 'mine', [mark]: '__class__'} }",
        (says("mine"), THROWS),
    ),
    "answers settled twice": (
        f"const answer = {REQUEST}; await answer.text(); try {{ await answer.text() }} catch {{}} return 1",
        Value(1),
    ),
    "then of answers taken over": (
        "Promise.prototype.then = function (done) { return done?.(1) }; await fetch('https://example.com/'); return 1",
        (THROWS, WALL, Value(1)),
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_contained(arena: Arena, name: str) -> None:
    await arena.contain(*CASES[name], BUDGET)
