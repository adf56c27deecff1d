"""Files and the built-in service: what uses it goes anywhere, and nothing is pushed onto it."""

from __future__ import annotations

import orjson
import pytest

from services.files.refused import Refused
from tests.files.files import component, file
from tests.files.platforms import Platform

LOWER = {"@type": "action", "service": "core", "action": "string.lower", "input": {"string": "A"}}
ASK = {"@type": "condition", "service": "core", "condition": "string.contains", "input": {"string": "a", "part": "a"}}
USING = file(
    service={"name": "github", "sharing": "public"},
    versions={"1": {"published": True, "components": {"action": {"greet": "1.0.0"}}}},
    components={"action": {"greet": component(**{"1.0.0": {"logic": {"execute": {"lower": LOWER, "found": ASK}}}})}},
)


async def test_what_uses_it_is_published_on_any_platform(acme: Platform) -> None:
    await acme.push(USING)
    await acme.push(await acme.export())
    assert acme.writes == 0


async def test_it_is_exported_and_not_pushed(acme: Platform) -> None:
    exported = await acme.export("core")
    held = orjson.loads(exported)
    assert (held["service"]["name"], list(held["versions"])) == ("core", ["1"])
    assert "string.lower" in held["components"]["action"]
    for text in (exported, file(service={"name": "core"})):
        with pytest.raises(Refused, match="built-in service"):
            await acme.push(text)
    assert (await acme.ok("GET", "/service/core"))["createdBy"] is None
