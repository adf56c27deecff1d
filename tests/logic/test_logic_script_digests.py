"""Digests and HMAC of long data come from the host, are those of Python, and are no HTTP calls."""

import hashlib
import hmac

import pytest

from libs.logic.budget import Budget, Meter
from libs.logic.errors import LogicError
from libs.logic.script_digests import digest
from tests.logic.fake_host import FakeHost
from tests.logic.scripts import Scripts

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
SCRIPT = """
    const data = new Uint8Array(input.data.length).map((_, at) => at % 251)
    const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('key'),
                                              {name: 'HMAC', hash: input.data.name}, false, ['sign', 'verify'])
    const signed = await crypto.subtle.sign('HMAC', key, data)
    return [new Uint8Array(await crypto.subtle.digest(input.data.name, data)).toHex(), new Uint8Array(signed).toHex(),
            await crypto.subtle.verify('HMAC', key, signed, data),
            await crypto.subtle.verify('HMAC', key, signed, data.subarray(1))]
"""


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_long_is_hashed_as_what_is_short(libraries: Scripts, name: str) -> None:
    for length in (32767, 32768, 32769, 40000):
        data = bytes(at % 251 for at in range(length))
        host = FakeHost(libraries.pool)
        given = {"name": name, "length": length}
        found = await libraries.run(SCRIPT, given, host=host, budget=Budget(http_calls=0))
        expected = [hashlib.new(NAMES[name], data).hexdigest(), hmac.digest(b"key", data, NAMES[name]).hex()]
        assert found == [*expected, True, False]
        assert host.requests == []


async def test_a_megabyte_costs_a_script_little(libraries: Scripts) -> None:
    script = "return (await crypto.subtle.digest('SHA-256', new Uint8Array(2 << 20))).byteLength"
    assert await libraries.run(script, budget=Budget(cpu_s=0.2)) == 32


async def test_digests_are_limited_by_the_data_budget(libraries: Scripts) -> None:
    script = "for (;;) await crypto.subtle.digest('SHA-1', new Uint8Array(1 << 16))"
    error = await libraries.failure(script, budget=Budget(data_bytes=1 << 20))
    assert (error.code, error.details.get("budget")) == ("budget_exceeded", "data")


@pytest.mark.parametrize(
    "call",
    [
        {"hash": "MD5", "base64": ""},
        {"hash": ["SHA-1"], "base64": ""},
        {"hash": "SHA-1"},
        {"hash": "SHA-1", "base64": 5},
        {"hash": "SHA-1", "base64": "***"},
        {"hash": "SHA-1", "base64": "", "key": 5},
        {"hash": "SHA-1", "base64": "", "key": "*"},
        {"hash": "SHA-1", "base64": "\u00e9"},
    ],
)
async def test_what_a_script_makes_up_is_refused(call: dict[str, object]) -> None:
    with pytest.raises(LogicError) as caught:
        await digest(call, Meter(Budget(), 0.0))
    assert caught.value.code == "invalid_input"
