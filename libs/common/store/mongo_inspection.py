"""What an operator is told of a MongoDB that answers: its members, its clock, whether it takes writes, its indexes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from libs.common.findings import Finding, examined, fail, ok, warn
from libs.common.store.port import Collection

_MEMBERS = 3
_SKEW_TOLD = timedelta(seconds=1)
_SKEW_TOO_MUCH = timedelta(seconds=30)
_LOOKS, _LOOK_S = 20, 0.05


def about_members(server: str, hello: Mapping[str, Any], seen: int) -> Iterator[Finding]:
    """`seen` is how many members that keep data could be reached."""
    if "setName" not in hello:
        return  # a router of a sharded cluster knows the shards' members, and does not tell
    members = len(hello.get("hosts", ())) + len(hello.get("passives", ()))
    if seen < members:
        yield warn(
            "members",
            f"{seen} of the {members} members of {hello['setName']} can be reached from here; with fewer than "
            f"{members // 2 + 1} nothing is written: start the others, or let this machine reach them",
        )
    elif members < _MEMBERS:
        yield warn(
            "members",
            f"MongoDB at {server} is a replica set of {members}: what is acknowledged is on no more disks, "
            f"and nothing is written while one is away; run {_MEMBERS} members",
        )
    else:
        yield ok("members", f"all {members} of {hello['setName']} can be reached")


def about_clock(server: str, skew: timedelta) -> Finding:
    """`skew` is how far the server's clock is ahead."""
    apart_s = abs(skew.total_seconds())
    if abs(skew) <= _SKEW_TOLD:
        return ok("clock", f"MongoDB's and this machine's are within {_SKEW_TOLD.total_seconds():g} s of each other")
    ahead = "ahead of" if skew > timedelta() else "behind"
    level = fail if abs(skew) > _SKEW_TOO_MUCH else warn
    return level(
        "clock",
        f"the clock of MongoDB at {server} is {apart_s:.1f} s {ahead} this machine's; let NTP keep both",
    )


async def members_seen(client: Any, hello: Mapping[str, Any]) -> int:
    """The driver looks for all of them at the same time, and a moment after the first answered it knows the others."""
    members = len(hello.get("hosts", ())) + len(hello.get("passives", ()))
    for _ in range(_LOOKS):
        if len(client.nodes) >= members:
            break
        await asyncio.sleep(_LOOK_S)
    return len(client.nodes)


async def inspect_database(
    name: str,
    specs: Sequence[Collection],
    beat: Callable[[], Awaitable[None]],
    differences: Callable[[Collection], Awaitable[tuple[list[str], list[str]]]],
) -> list[Finding]:
    """A service's database: whether it takes a write, and its indexes.

    One that differs keeps this version from starting; others are made at the start, or are in nobody's way.
    """
    about = f"database {name}"

    async def writing() -> list[Finding]:
        await beat()
        return [ok(about, "a majority confirmed a write")]

    async def indexes() -> list[Finding]:
        told = [await differences(spec) for spec in specs]
        failing = [fail(about, sentence) for differing, _ in told for sentence in differing]
        return failing + [warn(about, sentence) for _, harmless in told for sentence in harmless]

    found = await asyncio.gather(examined(about, writing), examined(about, indexes))
    return [finding for findings in found for finding in findings]
