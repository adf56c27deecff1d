"""Random scripts and expressions, put together from fragments of their grammars."""

import random

_JS_VALUES = (
    *(
        "input",
        "input.data",
        "input.data.a",
        "input.query",
        "null",
        "undefined",
        "NaN",
        "0",
        "-1",
        "1e9",
        "2n ** 64n",
        "''",
    ),
    *(
        "'a'",
        "[]",
        "{}",
        "[1, 2, 3]",
        "({a: 1})",
        "/a+/g",
        "new Map([[1, 2]])",
        "Symbol('a')",
        "globalThis",
        "this",
        "x",
    ),
    *(
        "new Date(0)",
        "new Uint8Array(4)",
        "Promise.resolve(1)",
        "(() => 1)",
        "new Proxy({}, {})",
        "Object.create(null)",
        "y",
    ),
    *(
        "Array(1e5).fill(1)",
        "'x'.repeat(1e5)",
        "new Error('a')",
        "$",
        "console",
        "JSON",
        "Math",
        "crypto",
        "service",
        "arguments",
    ),
    *("{toJSON() { return this }}", "{get a() { throw 1 }}", "{then(r) { r(1) }}", "[, 1]", "function* () { yield 1 }"),
)
_JS_WRAPS = (
    *(
        "({0})",
        "[{0}, {1}]",
        "({{a: {0}, b: {1}}})",
        "{0}?.a",
        "{0}?.[{1}]",
        "typeof {0}",
        "String({0})",
        "{0} + {1}",
        "!{0}",
    ),
    *(
        "JSON.stringify({0})",
        "JSON.parse({0})",
        "await {0}",
        "{0} ?? {1}",
        "{0} ? {1} : {0}",
        "Object.keys({0})",
        "[...{0}]",
    ),
    *(
        "(() => {0})()",
        "await (async () => {0})()",
        "Object.assign({0}, {1})",
        "new ({0})({1})",
        "{0} in {1}",
        "`${{{0}}}`",
    ),
    *(
        "{0}?.map?.((x) => {1})",
        "{0}?.replace?.({1}, '$&')",
        "Reflect.ownKeys({0})",
        "structuredClone({0})",
        "Number({0})",
    ),
    *(
        "$.lodash.get({0}, {1})",
        "$.lodash.merge({0}, {1})",
        "$.lodash.chunk({0}, {1})",
        "new URL({0}).href",
        "encodeURIComponent({0})",
    ),
    *(
        "await fetch({0})",
        "(await fetch('https://example.com/')).status",
        "await $.axios.get({0})",
        "atob({0})",
        "btoa({0})",
    ),
    *(
        "new TextEncoder().encode({0})",
        "Buffer.from({0})",
        "crypto.randomUUID()",
        "await crypto.subtle.digest('SHA-256', {0})",
    ),
)
_JS_STATEMENTS = (
    *(
        "let x = {0}, y = {1};",
        "x = {0};",
        "return {0};",
        "throw {0};",
        "console.log({0}, {1});",
        "try {{ {2} }} catch (y) {{ {2} }}",
    ),
    *(
        "if ({0}) {{ {2} }} else {{ {2} }}",
        "for (const x of {0}) {{ {2} }}",
        "for (let i = 0; i < 3; i += 1) {{ {2} }}",
    ),
    *(
        "Object.prototype.a = {0};",
        "delete globalThis.JSON;",
        "Array.prototype.toJSON = () => {0};",
        "while ({0}) {{ {2} break; }}",
    ),
    *(
        "Promise.prototype.then = {0};",
        "globalThis.x = {0};",
        "await null;",
        "Object.freeze({0});",
        "JSON.stringify = () => {0};",
    ),
    *(
        "(function f() {{ f(); }})();",
        "Error.prepareStackTrace = {0};",
        "{2} {2}",
    ),
    *(
        "setTimeout(() => {{ {2} }}, {0});",
        "Promise.reject({0});",
        "Object.defineProperty({0}, {1}, {{get() {{ {2} }}}});",
    ),
)

_JS_ENDLESS = (
    *("for (;;);", "for (;;) await null;", "for (;;) console.log(1);", "(function f() { queueMicrotask(f) })();"),
    *("return {toJSON() { for (;;); }};", "for (let t = 'x'; ; ) t += t;", "for (const all = []; ; ) all.push({});"),
    *("return /(a+)+$/.test('a'.repeat(40) + 'b');", "return Array(3e8).join('');", "await new Promise(() => {});"),
    *(
        "await new Promise((go) => setTimeout(go, 1e9));",
        "for (;;) await fetch('https://example.com/');",
        "for (;;) eval('1');",
    ),
)

_JSONATA_VALUES = (
    *(
        "$",
        "a",
        "b.c",
        "items",
        "*",
        "**",
        "$$",
        "null",
        "true",
        "1",
        "-1",
        "1e300",
        '"a"',
        '"x,y"',
        "[1..5]",
        "[]",
        "{}",
        "/a+/",
    ),
    *(
        '{"a": 1}',
        "$x",
        "%",
        "items[0]",
        "items[-1]",
        "items.id",
        "a[b=1]",
        "$now()",
        "$millis()",
        "[1..100000]",
        "function($v) {$v}",
    ),
)
_JSONATA_WRAPS = (
    *(
        "({0})",
        "[{0}, {1}]",
        '{{"k": {0}}}',
        "{0} & {1}",
        "{0} + {1}",
        "{0} ? {1} : {0}",
        "{0}.({1})",
        "{0}[{1}]",
        "{0}^({1})",
    ),
    *(
        "{0} = {1}",
        "{0} in {1}",
        "{0} and {1}",
        "({0}; {1})",
        "($x := {0}; {1})",
        "{0} ~> {1}",
        "$map({0}, function($v) {{{1}}})",
    ),
    *(
        "$sum({0})",
        "$string({0})",
        "$number({0})",
        "$split({0}, {1})",
        "$replace({0}, {1}, '')",
        "$match({0}, /(a+)+$/)",
        "$keys({0})",
    ),
    *(
        "$reduce({0}, function($a, $b) {{$a + {1}}})",
        "$sort({0})",
        "$eval({0})",
        "$merge({0})",
        "$pad({0}, {1})",
        "$each({0}, {1})",
    ),
    *(
        "$filter({0}, {1})",
        "$formatNumber({0}, '#0.0')",
        "$toMillis({0})",
        "$base64encode({0})",
        "$lookup({0}, {1})",
        "$join({0})",
    ),
    *(
        "($f := function() {{$f()}}; $f())",
        "$power({0}, {1})",
        "$length({0})",
        "$distinct({0})",
        "$zip({0}, {1})",
        "{0}{{{1}: {0}}}",
    ),
)


def script(rng: random.Random) -> str:
    """Mostly one that runs; now and then one that doesn't even parse."""
    if rng.random() < 0.03:
        return "".join(rng.choices("(){}[];,.=+`'\"/*\\ abc01\n", k=rng.randrange(1, 40)))
    body = " ".join(_statement(rng, 2) for _ in range(rng.randrange(1, 4)))
    if rng.random() < 0.02:
        body += f" {rng.choice(_JS_ENDLESS)}"
    return f"{body} return {_expression(rng, _JS_VALUES, _JS_WRAPS, 2)};"


def expression(rng: random.Random) -> str:
    if rng.random() < 0.05:
        return "".join(rng.choices("(){}[];,.=+'\"/*$%^&~> abc01", k=rng.randrange(1, 30)))
    return _expression(rng, _JSONATA_VALUES, _JSONATA_WRAPS, 3)


def _statement(rng: random.Random, depth: int) -> str:
    if depth == 0:
        return f"{_expression(rng, _JS_VALUES, _JS_WRAPS, 1)};"
    form = rng.choice(_JS_STATEMENTS)
    values = (_expression(rng, _JS_VALUES, _JS_WRAPS, 1) for _ in range(2))
    return form.format(*values, _statement(rng, depth - 1) if "{2}" in form else "")


def _expression(rng: random.Random, values: tuple[str, ...], wraps: tuple[str, ...], depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(values)
    parts = (_expression(rng, values, wraps, depth - 1) for _ in range(2))
    return rng.choice(wraps).format(*parts)
