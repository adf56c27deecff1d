"""Whatever is done to a service, in whatever order: versions keep what they are, and lists lose nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.contracts.catalog import ComponentGrant, Kind
from tests.catalog.world import World, running_world

_NAMES = st.sampled_from(["a", "b"])
_VERSIONS = st.sampled_from(["minor", "major", "1.0.0", "1.1.0", "2", "2.5.0"])
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "label": st.sampled_from([{"en": "x"}, {"en": "y"}]),
        "published": st.booleans(),
        "schema": st.sampled_from([{}, {"variables": [{"title": "n", "type": "string"}]}]),
        "name": _NAMES,
    },
)
_STEPS = st.one_of(
    st.tuples(st.just("create"), _NAMES, _BODIES),
    st.tuples(st.just("update"), _NAMES, _VERSIONS, _BODIES),
    st.tuples(st.just("update row"), st.integers(0, 5), _BODIES),
    st.tuples(st.just("delete"), _NAMES),
    st.tuples(st.just("delete row"), st.integers(0, 5)),
    st.tuples(st.just("freeze"), st.integers(1, 3)),
    st.tuples(st.just("default"), st.integers(1, 3)),
    st.tuples(st.just("publish")),
)


@dataclass
class Story:
    """One service through a sequence of steps, and what must stay true of it."""

    world: World
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    frozen: dict[str, dict[str, ComponentGrant]] = field(default_factory=dict)
    public: bool = False

    async def take(self, step: tuple[Any, ...]) -> None:
        method, path, body, user = self._request(step)
        answer = await self.world.api(method, path, body, user=user)
        assert answer.status < 500, answer.raw
        if answer.status == 200 and step[0] == "freeze":
            await self._remember(str(step[1]))
        await self._check()

    def _request(self, step: tuple[Any, ...]) -> tuple[str, str, Any, str | None]:
        inside, ids = "/service/github/action", sorted(self.rows)
        match step:
            case ("create", name, body):
                return "POST", inside, {"name": name, **{k: v for k, v in body.items() if k != "name"}}, "ann"
            case ("update", name, version, body):
                return "PUT", f"{inside}/{name}?version={version}", body, "ann"
            case ("update row", number, body):
                row = self.rows[ids[number % len(ids)]] if ids else {"id": "none", "version": "1"}
                return "PUT", f"{inside}/{row['id']}?version={row['version']}", body, "ann"
            case ("delete", name):
                return "DELETE", f"{inside}/{name}", None, "ann"
            case ("delete row", number):
                return "DELETE", f"{inside}/{ids[number % len(ids)] if ids else 'none'}", None, "ann"
            case ("freeze", number):
                return "POST", "/service/github/version", {"name": str(number), "published": True}, "ann"
            case ("default", number):
                return "PUT", "/service/github", {"defaultVersionId": str(number)}, "ann"
        return "POST", "/service/github/publish?contributor_id=ann", None, None

    async def _remember(self, version: str) -> None:
        for name in ("a", "b"):
            grant = await self.world.component(name, service_version=version)
            if grant is not None:
                self.frozen.setdefault(version, {})[name] = grant

    async def _check(self) -> None:
        service = await self.world.ok("GET", "/service/github")
        rows: dict[str, dict[str, Any]] = {}
        for shown in await self.world.ok("GET", "/service/github/action"):
            rows |= await self._component(shown)
        if self.public and service["sharing"] == "public":
            for id, before in self.rows.items():
                if before["published"] and id in rows:
                    assert _content(rows[id]) == _content(before)
        for version, pinned in self.frozen.items():
            for name, grant in pinned.items():
                assert await self.world.component(name, service_version=version) == grant
        self.rows, self.public = rows, service["sharing"] == "public"

    async def _component(self, shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """All rows of a component by id, after looking at how they hang together."""
        path = f"/service/github/action/{shown['component_id']}"
        rows: list[dict[str, Any]] = await self.world.ok("GET", f"{path}/version")
        numbers = [tuple(map(int, (row["version"] + ".0.0").split(".")[:3])) for row in rows]
        assert numbers == sorted(set(numbers), reverse=True)
        assert {row["component_id"] for row in rows} == {shown["component_id"]}
        assert {row["name"] for row in rows} == {shown["name"]}
        assert next((row for row in rows if row["published"]), rows[0]) == shown
        assert await self.world.ok("GET", path) == shown
        for row in rows:
            assert await self.world.ok("GET", f"/service/github/action/{row['id']}") == row
            assert await self.world.ok("GET", f"{path}?version={row['version']}") == row
            known = self.rows.get(row["id"], row)
            assert (known["component_id"], known["version"]) == (row["component_id"], row["version"])
        return {row["id"]: row for row in rows}


def _content(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["published"], row["label"], row["schema"], row["name"]


@settings(max_examples=15, deadline=None)
@given(st.lists(_STEPS, min_size=4, max_size=14))
def test_any_sequence_of_changes_keeps_what_versions_promise(steps: list[tuple[Any, ...]]) -> None:
    async def play() -> None:
        async with running_world() as world:
            await world.make_service()
            story = Story(world)
            for step in steps:
                await story.take(step)

    asyncio.run(play())


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 4), st.lists(st.tuples(st.sampled_from(["add", "drop"]), st.integers(0, 30)), max_size=20))
def test_pages_hold_all_that_was_there_throughout_and_nothing_twice(limit: int, changes: list[tuple[str, int]]) -> None:
    async def play() -> None:
        async with running_world() as world:
            await world.make_service()
            kept = {f"kept-{number:02}" for number in range(9)}
            for name in sorted(kept):
                await world.make("trigger", name)
            seen = await _paged(world, limit, iter(changes))
            assert kept <= set(seen)
            assert len(seen) == len(set(seen))

    asyncio.run(play())


async def _paged(world: World, limit: int, changes: Iterator[tuple[str, int]]) -> list[str]:
    """The names of all triggers, page by page, with a change between each two pages."""
    seen: list[str] = []
    path: str | None = f"/service/github/trigger?limit={limit}&userId=ann"
    while path is not None:
        answer = await world.api("GET", path, user=None)
        seen += [row["name"] for row in answer.json]
        path = answer.headers["Link"].partition(">")[0].removeprefix("</v1") if "Link" in answer.headers else None
        if (change := next(changes, None)) is not None:
            verb, number = change
            name = f"other-{number:02}" if number % 2 else f"a-{number:02}"
            if verb == "add":
                await world.api("POST", "/service/github/trigger", {"name": name})
            else:
                await world.api("DELETE", f"/service/github/trigger/{name}")
    return seen


async def test_of_creates_that_race_for_a_name_or_an_id_one_wins(world: World) -> None:
    await world.make_service()
    for kind in (each.value for each in Kind):
        answers = await asyncio.gather(
            *(world.api("POST", f"/service/github/{kind}", {"name": "same"}) for _ in range(6))
        )
        assert sorted(answer.status for answer in answers) == [200] + [409] * 5
        assert len(await world.ok("GET", f"/service/github/{kind}")) == 1
        upserts = await asyncio.gather(
            *(world.api("POST", f"/service/github/{kind}", {"id": f"{kind}-1", "name": f"n{n}"}) for n in range(6))
        )
        winners = [answer for answer in upserts if answer.status == 200]
        assert winners
        assert {answer.status for answer in upserts} <= {200, 409}
        rows = await world.ok("GET", f"/service/github/{kind}/{kind}-1/version")
        assert [row["id"] for row in rows] == [f"{kind}-1"]


async def test_a_rename_and_a_create_of_that_name_can_not_both_be(world: World) -> None:
    await world.make_service()
    for number in range(6):
        await world.make("trigger", f"old-{number}")
        renamed, made = await asyncio.gather(
            world.api("PUT", f"/service/github/trigger/old-{number}", {"name": f"new-{number}"}),
            world.api("POST", "/service/github/trigger", {"name": f"new-{number}"}),
        )
        assert sorted((renamed.status, made.status)) == [200, 409]
        rows = await world.ok("GET", "/service/github/trigger")
        assert [row["name"] for row in rows].count(f"new-{number}") == 1
        assert {answer.json["code"] for answer in (renamed, made) if answer.status == 409} == {"name_taken"}
