"""Whatever was done to a service through the API: its file makes another platform's equal, or nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.files.refused import Refused
from tests.files.platforms import Platform, platforms

Operation: TypeAlias = tuple[str, str, Any]
INSIDE = "/service/github"
NAMES = ("a", "b", "c")
NUMBERS = ("0.9", "1.0.0", "1.1", "2.0.0", "minor", "major")
TYPES = ({}, {"type": "string"}, {"type": "integer"})

names = st.sampled_from(NAMES)
kinds = st.sampled_from(("action", "datatype", "event"))
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


operations = st.lists(
    st.one_of(
        st.builds(lambda kind, name: ("POST", f"{INSIDE}/{kind}", {"name": name}), kinds, names),
        st.builds(_change, kinds, names, st.sampled_from(NUMBERS), members),
        st.builds(_change, kinds, names, st.sampled_from(NUMBERS), members),
        st.builds(
            lambda name, published: ("POST", f"{INSIDE}/version", {"name": name, "published": published}),
            names,
            st.booleans(),
        ),
        st.builds(lambda name: ("PUT", f"{INSIDE}/version/{name}", {"published": True}), names),
        st.builds(lambda kind, name: ("DELETE", f"{INSIDE}/{kind}/{name}", None), kinds, names),
        st.builds(lambda kind, name: ("DELETE ROW", f"{INSIDE}/{kind}/{name}", "1.0.0"), kinds, names),
        st.builds(lambda name: ("PUT", INSIDE, {"defaultVersionId": name}), names),
    ),
    min_size=4,
    max_size=14,
)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[asyncio.Runner, Platform, Platform]]:
    with asyncio.Runner() as runner:
        both = platforms()
        one, other = runner.run(both.__aenter__())
        yield runner, one, other
        runner.run(both.__aexit__(None, None, None))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=operations, then=operations)
def test_pushing_what_was_exported_makes_two_platforms_equal(
    running: tuple[asyncio.Runner, Platform, Platform], first: Sequence[Operation], then: Sequence[Operation]
) -> None:
    runner, acme, rival = running
    runner.run(_holds(acme, rival, first, then))


async def _holds(acme: Platform, rival: Platform, first: Sequence[Operation], then: Sequence[Operation]) -> None:
    for platform in (acme, rival):
        await platform.remove()
    await acme.ok("POST", "/service", {"name": "github"})
    for operations_of_step in (first, then):
        for operation in operations_of_step:
            await _attempt(acme, *operation)
        text = await acme.export()
        if not await _pushed(rival, text):
            await rival.remove()
            if not await _pushed(rival, text):
                return
        assert (await rival.export()).decode() == text.decode()
        await rival.push(text)
        assert rival.writes == 0, rival.told


async def _pushed(platform: Platform, text: bytes) -> bool:
    """Onto what is there, if anything is, or refused before anything was changed."""
    there = await platform.attempt("GET", INSIDE)
    refused = ""
    try:
        await platform.push(text, prune=True)
    except Refused as refusal:
        refused = str(refusal)
    if refused:
        assert platform.writes == 0, refused
        assert there.status == 200 or "takes values from a datatype" in refused
    return not refused


async def _attempt(platform: Platform, method: str, path: str, body: Any) -> None:
    """Refusals are part of the game."""
    if method == "DELETE ROW":
        row = await platform.attempt("GET", f"{path}?version={body}")
        if row.status == 200:
            await platform.attempt("DELETE", f"{path.rpartition('/')[0]}/{row.json['id']}")
        return
    await platform.attempt(method, path, body)
