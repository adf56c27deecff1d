"""Scripts that turn what is around them against itself: `$`, timers, URLs, bytes and cryptography."""

import pytest

from libs.logic.budget import Budget
from tests.logic.escapes import CPU, EXHAUSTED, MEMORY, OUTPUT, THROWS, WALL, Arena, Cases, Fails, Value, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUDGET = Budget(cpu_s=0.1, memory_bytes=32 << 20, wall_s=8)

POLLUTION = '\'{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}\''
CLEAN = "return ({}).polluted ?? null"
XML = "await $.xml2js.parseStringPromise"
SIGN = "$.jsonwebtoken.sign({a: 1}, 'secret')"

CASES: Cases = {
    # Pollution.
    "merge": (f"$.lodash.merge({{}}, JSON.parse({POLLUTION})); {CLEAN}", Value(None)),
    "defaultsDeep": (f"$.lodash.defaultsDeep?.({{}}, JSON.parse({POLLUTION})); {CLEAN}", Value(None)),
    "mergeWith": (f"$.lodash.mergeWith?.({{}}, JSON.parse({POLLUTION}), () => undefined); {CLEAN}", Value(None)),
    "set": (f"$.lodash.set({{}}, '__proto__.polluted', 1); {CLEAN}", Value(None)),
    "set by constructor": (f"$.lodash.set({{}}, 'constructor.prototype.polluted', 1); {CLEAN}", Value(None)),
    "set by a list": (f"$.lodash.set({{}}, ['__proto__', 'polluted'], 1); {CLEAN}", Value(None)),
    "update": (f"$.lodash.update?.({{}}, '__proto__.polluted', () => 1); {CLEAN}", Value(None)),
    "zipObjectDeep": (f"$.lodash.zipObjectDeep?.(['__proto__.polluted'], [1]); {CLEAN}", Value(None)),
    "unset": ("$.lodash.unset?.({}, '__proto__.toString'); return typeof ({}).toString", Value("function")),
    "structuredClone": (f"structuredClone(JSON.parse({POLLUTION})); {CLEAN}", Value(None)),
    "names in XML": (f"{XML}('<__proto__><polluted>1</polluted></__proto__>'); {CLEAN}", Value(None)),
    "attributes in XML": (f'{XML}(\'<a __proto__="1" constructor="2"/>\'); {CLEAN}', Value(None)),
    "parameters of a URL": (f"Object.fromEntries(new URLSearchParams('__proto__=1')); {CLEAN}", Value(None)),
    "a form by axios": (
        f"await $.axios.post('https://example.com/', {{__proto__: {{polluted: 1}}}}); {CLEAN}",
        Value(None),
    ),
    "headers by axios": (
        f"await $.axios.get('https://example.com/', {{headers: JSON.parse({POLLUTION})}}).catch(() => 0); {CLEAN}",
        Value(None),
    ),
    "an answer's JSON": (
        f"await $.axios.post('https://example.com/', {POLLUTION}).then(({{data}}) => JSON.parse(data.body)); {CLEAN}",
        Value(None),
    ),
    "a token's claims": (
        f"$.jsonwebtoken.decode($.jsonwebtoken.sign(JSON.parse({POLLUTION}), 'secret')); {CLEAN}",
        Value(None),
    ),
    # Exhaustion.
    "a template": ("return typeof $.lodash.template", Value("undefined")),
    "range": ("return $.lodash.range(1e9).length", EXHAUSTED),
    "times": ("return $.lodash.times(1e9).length", EXHAUSTED),
    "repeat": ("return $.lodash.repeat('x', 1e9).length", EXHAUSTED),
    "pad": ("return $.lodash.pad('x', 1e9).length", EXHAUSTED),
    "chunk by nothing": ("return $.lodash.chunk([1, 2], 0)", Value([])),
    "a cycle cloned": ("const o = {}; o.o = o; return $.lodash.cloneDeep(o).o.o !== o", Value(True)),
    "cycles compared": (
        "const a = {}, b = {}; a.o = a; b.o = b; return typeof $.lodash.isEqual(a, b)",
        (Value("boolean"), THROWS),
    ),
    "a cycle merged": ("const o = {}; o.o = o; $.lodash.merge({}, o); return 1", (Value(1), THROWS)),
    "flattened without end": (
        "let v = [1]; for (let n = 0; n < 1e5; n += 1) v = [v]; $.lodash.flattenDeep(v)",
        EXHAUSTED,
    ),
    "entities that multiply": (
        f'{XML}(\'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>\')',
        (THROWS, Value(None)),
    ),
    "an entity of a file": (
        f"{XML}('<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>')",
        (THROWS, Value(None)),
    ),
    "deep XML": (f"return {XML}('<a>'.repeat(1e5) + '</a>'.repeat(1e5))", (*EXHAUSTED, Fails("invalid_input"))),
    "XML that never closes": (f"return {XML}('<a '.repeat(1e5))", EXHAUSTED),
    "XML built of a cycle": ("const o = {}; o.o = o; return new $.xml2js.Builder().buildObject(o)", EXHAUSTED),
    "a URL of a megabyte": ("return new URL('https://a/' + '../'.repeat(3e5)).pathname", (Value("/"), *EXHAUSTED)),
    "parameters without end": ("return new URLSearchParams('a&'.repeat(1e6)).size", (Value(1000000), *EXHAUSTED)),
    "bytes by Buffer": ("return Buffer.alloc(1e9).length", EXHAUSTED),
    "bytes by Buffer filled": ("return Buffer.alloc(2e7, 'ab').length", (Value(20000000), *EXHAUSTED)),
    "text encoded": ("return new TextEncoder().encode('é'.repeat(2e7)).length", EXHAUSTED),
    "text decoded": ("return new TextDecoder().decode(new Uint8Array(2e7)).length", EXHAUSTED),
    "base64 of much": ("return btoa('x'.repeat(1e7)).length", (Value(13333336), *EXHAUSTED)),
    "random bytes": ("for (;;) crypto.getRandomValues(new Uint8Array(65536))", CPU),
    "a digest of much": ("return (await crypto.subtle.digest('SHA-512', new Uint8Array(2e7))).byteLength", EXHAUSTED),
    "digests without end": ("for (;;) await crypto.subtle.digest('SHA-256', new Uint8Array(64))", CPU),
    "a clone of a clone": ("let v = [1]; for (;;) v = structuredClone([v, v])", EXHAUSTED),
    "a clone of a getter": ("return structuredClone({get a() { for (;;); }})", CPU),
    # Tokens.
    "a token without a signature": (
        "const none = ['{\"alg\":\"none\"}', '{\"a\":1}'].map((part) => btoa(part).replace(/=/g, ''));"
        "return $.jsonwebtoken.verify([...none, ''].join('.'), 'secret')",
        THROWS,
    ),
    "another algorithm than allowed": (
        f"return $.jsonwebtoken.verify({SIGN}, 'secret', {{algorithms: ['RS256']}})",
        THROWS,
    ),
    "a token with another's secret": (f"return $.jsonwebtoken.verify({SIGN}, 'other')", THROWS),
    "a token of a megabyte": ("return $.jsonwebtoken.decode('a.'.repeat(5e5))", (Value(None), *EXHAUSTED)),
    # Timers.
    "an interval without end": ("setInterval(() => {}, 0); await new Promise(() => {})", (WALL, CPU)),
    "timers that set timers": ("(function f() { setTimeout(f) })(); await new Promise(() => {})", (WALL, CPU)),
    "timers that multiply": (
        "(function f() { setTimeout(f); setTimeout(f) })(); await new Promise(() => {})",
        (WALL, CPU, THROWS),
    ),
    "a timer of a year": ("await new Promise((go) => setTimeout(go, 3e10 ** 2)); return 1", (Value(1), WALL)),
    "a timer left behind": ("setTimeout(() => { for (;;); }, 1); return 1", Value(1)),
    "a timer that throws": (
        "setTimeout(() => { throw new Error('mine') }, 1); await new Promise(() => {})",
        says("mine"),
    ),
    "a timer that loops": ("setTimeout(() => { for (;;); }, 1); await new Promise(() => {})", CPU),
    "a timer of text": ("setTimeout('for (;;);', 1); return 1", THROWS),
    "a delay that loops": ("setTimeout(() => {}, {valueOf() { for (;;); }}); return 1", CPU),
    "ten thousand timers": ("for (let n = 0; n < 1e4; n += 1) setTimeout(() => {}, 1e6); return 1", THROWS),
    "a signal that is aborted": (
        "const stop = new AbortController(); setTimeout(() => stop.abort(), 1);"
        "return await fetch('https://example.com/never', {signal: stop.signal}).catch((error) => error.name)",
        Value("AbortError"),
    ),
    # What is asked for.
    "interceptors without end": (
        "$.axios.interceptors.request.use((config) => { for (;;); }); await $.axios.get('https://example.com/')",
        CPU,
    ),
    "an adapter of one's own": (
        "const answer = await $.axios.get('https://example.com/', {adapter: () => ({data: 'mine'})}).catch(() => 0);"
        "return answer?.data === 'mine'",
        (Value(False), Value(True)),
    ),
    "validateStatus that loops": ("await $.axios.get('https://example.com/', {validateStatus() { for (;;); }})", CPU),
    "transformResponse that loops": (
        "await $.axios.get('https://example.com/', {transformResponse() { for (;;); }})",
        CPU,
    ),
    "a body that is a Proxy": (
        "await $.axios.post('https://example.com/', new Proxy({}, {ownKeys() { for (;;); }}))",
        CPU,
    ),
    "a body by toJSON": ("await $.axios.post('https://example.com/', {toJSON() { for (;;); }})", CPU),
    "an answer of 10 MB by axios": (
        "return (await $.axios.get('https://example.com/big')).data.length",
        (Value(10 << 20), MEMORY, CPU, WALL),
    ),
    "10 MB asked for by axios": (
        "await $.axios.post('https://example.com/', 'x'.repeat(10 << 20))",
        (OUTPUT, MEMORY, CPU),
    ),
    "redirects of one's own": (
        "return (await fetch('https://example.com/', {redirect: 'error'})).status",
        (Value(200), THROWS, Fails("invalid_input")),
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_contained(arena: Arena, name: str) -> None:
    await arena.contain(*CASES[name], BUDGET)
