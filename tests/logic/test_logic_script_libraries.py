"""What holds for every library in a script's scope: lines, laziness, no memory of other calls, nothing of the host."""

import asyncio
from typing import Any

import pytest

from libs.logic.errors import LogicError
from libs.logic.sandbox import libraries as files
from tests.logic.fake_host import FakeHost, json_answer
from tests.logic.scripts import Scripts

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERY_WORD = (
    "console URL TextEncoder Buffer structuredClone crypto subtle setTimeout AbortSignal "
    "fetch axios lodash xml2js jsonwebtoken"
)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("$.lodash.map([1], () => { throw new Error('own') })", "own"),
        ("$.lodash.sortBy([{get a() { throw new Error('own') }}], 'a')", "own"),
        ("$.lodash.memoize(5)", "Expected a function"),
        ("await $.xml2js.parseStringPromise('<a>')", "is not closed"),
        ("$.xml2js.parseString('<a/>', () => { throw new Error('own') })", "own"),
        ("new $.xml2js.Builder().buildObject({'1 2': 1})", "Invalid character in name"),
        ("$.jsonwebtoken.verify('a.b.c', 's')", "invalid token"),
        ("$.jsonwebtoken.sign({}, '')", "must have a value"),
        ("await crypto.subtle.digest('MD5', new Uint8Array())", "MD5"),
        ("await crypto.subtle.wrapKey()", "wrapKey"),
        ("crypto.getRandomValues(5)", "typed array"),
        ("new URL('nothing')", "Invalid URL"),
        ("new TextDecoder('latin1')", "utf-8"),
        ("Buffer.from(5)", "Buffer.from"),
        ("structuredClone(() => 1)", "could not be cloned"),
        ("setTimeout()", "a timer needs a function"),
        ("new AbortSignal()", "AbortController"),
        ("new Response('', {status: 1})", "status"),
        ("await fetch('https://a.io/', {body: 'x'})", "cannot have body"),
        ("await (await fetch('https://a.io/')).formData()", "formData"),
        ("await $.axios.get('https://a.io/', {validateStatus: () => { throw new Error('own') }})", "own"),
        ("await $.axios.get('https://a.io/', {validateStatus: () => false})", "status code 200"),
        ("$.axios.postForm('https://a.io/')", "multipart"),
    ],
)
async def test_an_error_is_told_at_the_authors_line(libraries: Scripts, call: str, words: str) -> None:
    error = await libraries.failure(f"const before = 1\n\n{call}\nreturn before")
    assert words in error.message
    assert error.details["script_line"] == 3


async def test_only_what_a_script_mentions_is_there(libraries: Scripts) -> None:
    script = "return Object.getOwnPropertyNames(globalThis)"
    plain = set(await libraries.run(script))
    assert files.needed_by("return input.data.a + 1") == 0
    assert not plain & {"$", "fetch", "URL", "Buffer", "setTimeout", "crypto", "TextEncoder", "host"}
    named = set(await libraries.run(f"{script} // {EVERY_WORD}")) - plain
    assert named >= {"$", "fetch", "URL", "Buffer", "setTimeout", "crypto", "TextEncoder", "structuredClone"}
    assert "host" not in named


async def test_each_file_comes_after_those_that_it_needs() -> None:
    for place, name in enumerate(files.NAMES):
        assert files.mask_of([name]) < 1 << (place + 1)
    assert len(files.NAMES) <= 32
    assert files.needed_by(EVERY_WORD) | files.WITHOUT_CREDENTIAL == (1 << len(files.NAMES)) - 1


# Everything that is left behind here would be seen by whoever came next, if anything were.
SPOIL = """
    const spoil = (object, depth) => {
      if (object === null || (typeof object !== 'object' && typeof object !== 'function') || depth === 0) return;
      for (const key of Reflect.ownKeys(object)) {
        const value = Reflect.getOwnPropertyDescriptor(object, key).value;
        try { object[key] = 'spoiled' } catch {}
        if (key !== 'prototype') continue;
        spoil(value, depth - 1);
      }
      try { object.kept = 'spoiled' } catch {}
    };
    const roots = [$.lodash, $.axios, $.axios.defaults, $.xml2js, $.xml2js.processors, $.jsonwebtoken, crypto.subtle,
                   URL.prototype, Headers.prototype, Response.prototype, Buffer.prototype, AbortSignal.prototype,
                   TextDecoder.prototype, Map.prototype, String.prototype, Promise.prototype, JSON, Math];
    for (const root of roots) spoil(root, 2);
    globalThis.kept = Object.prototype.kept = 'spoiled';
"""
LOOK = """
    const [header] = $.jsonwebtoken.sign({a: 1}, 's', {noTimestamp: true}).split('.');
    return [typeof kept, ({}).kept ?? null, $.lodash.get({a: 1}, 'a'), $.axios.defaults.kept ?? null, header,
            await $.xml2js.parseStringPromise('<a>1</a>'), new URL('https://a.io').href,
            Buffer.from('a').toString('hex'),
            new TextDecoder().decode(new Uint8Array([97])), new Headers({a: 1}).get('A'), 'a'.toUpperCase(),
            (await crypto.subtle.digest('SHA-1', new Uint8Array())).byteLength, AbortSignal.abort().aborted]
"""


async def test_no_state_is_carried_through_any_library_or_prototype(libraries: Scripts) -> None:
    before = await libraries.run(LOOK)
    for _ in range(2):
        await outcome_of(libraries, SPOIL)
        assert await libraries.run(LOOK) == before
    assert before[0:4] == ["undefined", None, 1, None]


async def outcome_of(libraries: Scripts, script: str) -> Any:
    try:
        return await libraries.run(script)
    except LogicError as error:
        return error


# What an author may try to lay hands on the object that joins our files to the process.
REACH = """
    const found = [];
    const keep = (value) => { if (value && value.toText && value.queued) found.push('host') };
    const watching = {__proto__: null, set(value) { keep(this) }, get() { keep(this) }, configurable: true};
    for (const name of ['text', 'done', 'threw', 'error', 'waiting', 'queued', 'lines', 'fault', 'settle', 'poll']) {
      Object.defineProperty(Object.prototype, name, watching);
    }
    try { Error.prepareStackTrace = (error, sites) => sites } catch {}
    if (typeof new Error('x').stack !== 'string') found.push('call sites');
    const {push} = Array.prototype;
    Array.prototype.push = function (...given) { keep(this); given.forEach(keep); return push.apply(this, given) };
    const iterate = Array.prototype[Symbol.iterator];
    Array.prototype[Symbol.iterator] = function () { keep(this[0]); keep(this[1]); return iterate.call(this) };
    const {then} = Promise.prototype;
    Promise.prototype.then = function (...given) { given.forEach(keep); return then.apply(this, given) };
    function watched() { 'use strict'; keep(this); return 1 }
    $.lodash.map([1], watched); $.lodash.mergeWith({a: 1}, {a: 2}, watched); $.lodash.sortBy([2, 1], watched);
    const options = {tagNameProcessors: [watched], validator: watched, emptyTag: watched};
    $.xml2js.parseString('<a b="1">t</a>', options, watched);
    const config = {validateStatus: watched, transformResponse: watched, paramsSerializer: watched, params: {a: 1}};
    await $.axios.get('https://a.io/', config);
    setTimeout(watched, 1); await new Promise((resolve) => setTimeout(resolve, 5));
    $.jsonwebtoken.sign({}, 's', watched);
    await fetch('https://a.io/');
    return String(found)
"""


async def test_nothing_hands_an_author_the_host(libraries: Scripts) -> None:
    assert await libraries.run(REACH) == ""


@pytest.mark.parametrize(
    "script",
    [
        "JSON.stringify = null; await fetch('https://a.io/'); return 1",
        "Array.prototype.splice = () => 'x'; await fetch('https://a.io/'); return 1",
        "Array.prototype.join = () => '[[['; await fetch('https://a.io/'); return 1",
        "Object.prototype.toJSON = () => ({wake: 'x', id: {}}); await fetch('https://a.io/'); return 1",
        "Map.prototype.set = null; setTimeout(() => {}, 1); return 1",
        "Promise = null; await fetch('https://a.io/'); return 1",
        "Uint8Array.fromHex = () => { throw 1 }; return $.jsonwebtoken.sign({}, 's').length > 1",
        "Array.prototype.map = () => { throw new Error('mine') }; return $.lodash.sortBy([2, 1])",
        "BigInt.prototype.toString = () => '0'; return $.jsonwebtoken.sign({}, 's').length",
        "String.prototype.replace = function () { return this }; return new URLSearchParams({a: 'b c'}).toString()",
    ],
)
async def test_who_spoils_the_language_hurts_only_oneself(libraries: Scripts, script: str) -> None:
    pid = libraries.pool.pids[0]
    await asyncio.wait_for(outcome_of(libraries, script), 5)
    assert await libraries.run("return $.lodash.sum([1, 2])") == 3
    assert libraries.pool.pids[0] == pid


async def test_a_hundred_scripts_wait_side_by_side_for_requests_and_timers(libraries: Scripts) -> None:
    script = """
        const pause = new Promise((resolve) => setTimeout(resolve, 5))
        const [{data}] = await Promise.all([$.axios.get('https://a.io/'), pause])
        return [data, $.lodash.camelCase('a-' + input.data)]
    """
    hosts = [FakeHost(libraries.pool) for _ in range(100)]
    for number, host in enumerate(hosts):
        host.answers, host.gate = [json_answer(number)], asyncio.Event()
    running = [asyncio.create_task(libraries.run(script, n, host=host)) for n, host in enumerate(hosts)]
    await asyncio.gather(*(host.asked.wait() for host in hosts))
    assert await libraries.run("return 'meanwhile'") == "meanwhile"
    for host in hosts:
        host.gate.set()
    assert await asyncio.gather(*running) == [[number, f"a{number}"] for number in range(100)]
    # One, and the spare that is started when a slow machine keeps the one busy for long.
    assert len(libraries.pool.pids) <= 2
