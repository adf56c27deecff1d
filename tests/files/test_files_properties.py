"""Whatever was done to a service through the API: its file makes another platform's equal, or nothing is changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.files.refused import Refused
from tests.files.platforms import Platform, platforms

Operation: TypeAlias = tuple[str, str, Any]
INSIDE = "/service/github"
BREAKS = re.compile("breaks who uses|would break who uses|can't be published")
NAMES = ("a", "b")
NUMBERS = ("0.9", "1.0.0", "1.0.0", "2.0.0", "minor", "major")
TYPES = ({}, {"type": "string"}, {"type": "integer"})

names = st.sampled_from(NAMES)
versions = st.sampled_from(("1", "2", "10"))
kinds = st.sampled_from(("action", "action", "datatype", "event"))
members = st.fixed_dictionaries(
    {},
    optional={
        "published": st.booleans(),
        "name": names,
        "schema": st.builds(
            lambda type, reference: {"variables": [{"title": "x", **type, **reference}]},
            st.sampled_from(TYPES),
            st.sampled_from(({}, {}, {"x-dataType": "a"}, {"x-dataType": "b"})),
        ),
    },
)


def _change(kind: str, name: str, number: str, body: dict[str, Any]) -> Operation:
    body = {member: value for member, value in body.items() if kind != "event" or member != "schema"}
    return "PUT", f"{INSIDE}/{kind}/{name}?version={number}", body


changes = st.builds(_change, kinds, names, st.sampled_from(NUMBERS), members)
frozen = st.builds(lambda name: ("POST", f"{INSIDE}/version", {"name": name, "published": True}), versions)
others = st.one_of(
    st.builds(lambda kind, name: ("POST", f"{INSIDE}/{kind}", {"name": name}), kinds, names),
    st.builds(lambda name: ("POST", f"{INSIDE}/version", {"name": name}), versions),
    st.builds(lambda name: ("PUT", f"{INSIDE}/version/{name}", {"published": True}), versions),
    st.builds(lambda kind, name: ("DELETE", f"{INSIDE}/{kind}/{name}", None), kinds, names),
    st.builds(lambda kind, name: ("DELETE ROW", f"{INSIDE}/{kind}/{name}", "1.0.0"), kinds, names),
    st.builds(lambda name: ("PUT", INSIDE, {"defaultVersionId": name}), versions),
    st.just(("POST", f"{INSIDE}/publish?contributor_id=ann", None)),
    st.just(("PUT", INSIDE, {"sharing": "none"})),
)
weighted = st.integers(0, 9).flatmap(lambda die: changes if die < 6 else frozen if die < 8 else others)
operations = st.lists(weighted, min_size=3, max_size=16)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[asyncio.Runner, Platform, Platform]]:
    """Platforms of two products, so that a service can be public in both."""
    with asyncio.Runner() as runner:
        both = (platforms(), platforms())
        (one, _), (other, _) = (runner.run(each.__aenter__()) for each in both)
        yield runner, one, other
        for each in both:
            runner.run(each.__aexit__(None, None, None))


@settings(max_examples=12, deadline=None)
@given(first=operations, then=operations, elsewhere=operations)
def test_pushing_what_was_exported_makes_two_platforms_equal(
    running: tuple[asyncio.Runner, Platform, Platform],
    first: Sequence[Operation],
    then: Sequence[Operation],
    elsewhere: Sequence[Operation],
) -> None:
    runner, here, there = running
    runner.run(_holds(here, there, first, then, elsewhere))


async def _holds(here: Platform, there: Platform, *told: Sequence[Operation]) -> None:
    first, then, elsewhere = told
    for platform in (here, there):
        await platform.remove()
    await here.ok("POST", "/service", {"name": "github"})
    await here.ok("POST", f"{INSIDE}/action", {"name": "a"})
    await here.ok("POST", f"{INSIDE}/datatype", {"name": "b"})
    for operations_of_step in (first, then):
        for operation in operations_of_step:
            await _attempt(here, *operation)
        text = await here.export()
        if not await _pushed(there, text):
            await there.remove()
            if not await _pushed(there, text):
                return
        assert (await there.export()).decode() == text.decode()
        await there.push(text)
        assert there.writes == 0, there.told
        for operation in elsewhere:
            await _attempt(there, *operation)


async def _pushed(platform: Platform, text: bytes) -> bool:
    """Onto what is there, if anything is, or refused before anything was changed.

    Only what the product alone can tell, that a schema breaks those before, may end a push in the middle.
    """
    known = (await platform.attempt("GET", INSIDE)).status == 200
    refused = ""
    try:
        await platform.push(text, prune=True)
    except Refused as refusal:
        refused = str(refusal)
    if refused:
        assert platform.writes == 0 or BREAKS.search(refused), refused
        assert known or "takes values from a datatype" in refused
    return not refused


async def _attempt(platform: Platform, method: str, path: str, body: Any) -> None:
    """Refusals are part of the game."""
    if method == "DELETE ROW":
        row = await platform.attempt("GET", f"{path}?version={body}")
        if row.status == 200:
            await platform.attempt("DELETE", f"{path.rpartition('/')[0]}/{row.json['id']}")
        return
    await platform.attempt(method, path, body)
