"""One run: load, faults one after the other, and in the end the account of everything that was acknowledged."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence

import aiohttp

from tests.api_client import ApiClient
from tests.chaos.account import Account, Suffered
from tests.chaos.changes import Changes
from tests.chaos.ledger import Kind, Verdict, back_at, verdict
from tests.chaos.load import Load
from tests.chaos.systems import Fault, System
from tests.chaos.world import Sink, World, make_world
from tests.demo.servers import listening

_BACK_WITHIN_S = 30.0
_BACK_FOR_S = 3
_BEFORE_THE_FIRST_S = 4.0
_BETWEEN_S = 1.0
_CHANGE_EVERY_S = 1.0
_SETTLED_WITHIN_S = 150.0
_LOOK_EVERY_S = 2.0


async def run(
    system: System, chance: random.Random, *, seconds: float, rate_per_s: float, tell: Callable[[str], None]
) -> Account:
    """Faults until `seconds` are over, then waits for what was acknowledged to come to its end."""
    sink = Sink()
    async with listening(sink.app()) as sink_url, ApiClient(system.url) as api:
        world = await make_world(api, sink_url)
        load = Load(system.url, world.channels, rate_per_s=rate_per_s)
        changes = Changes(api, sink_url, world.security)
        working = [asyncio.create_task(load.run()), asyncio.create_task(changes.run(_CHANGE_EVERY_S))]
        try:
            suffered = await _suffer(system, chance, load, sink, seconds, tell)
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
        ended_s = time.monotonic()
        found, broken = await _settled(world, load, sink, changes)
        return Account(
            system=system.name,
            sent=load.sent,
            answers=load.answers,
            answered_after_s=load.answered_after_s,
            arrived_after_s=[at_s - load.sent_at_s[id] for id, at_s in sink.first_at_s.items()],
            executes=load.executes,
            executions_kept=await world.executions(),
            suffered=suffered,
            verdict=found,
            changes=changes.acknowledged,
            changes_refused=changes.refused,
            broken=broken,
            settled_after_s=time.monotonic() - ended_s,
        )


async def _suffer(
    system: System, chance: random.Random, load: Load, sink: Sink, seconds: float, tell: Callable[[str], None]
) -> list[Suffered]:
    suffered: list[Suffered] = []
    ends_s = time.monotonic() + seconds
    faults = _endless(system.faults, chance)
    await asyncio.sleep(_BEFORE_THE_FIRST_S)
    while time.monotonic() < ends_s:
        fault = next(faults)
        before = load.refused
        await fault.happen()
        suffered.append(Suffered(fault.name, await _back(load, sink), load.refused - before))
        tell(f"  {suffered[-1].told()}\n")
        await asyncio.sleep(_BETWEEN_S)
    return suffered


def _endless(groups: Sequence[Sequence[Fault]], chance: random.Random) -> Iterator[Fault]:
    while True:
        for group in groups:
            yield from chance.sample(group, len(group))


async def _back(load: Load, sink: Sink) -> float | None:
    """After how long from now everything ran at its rate again; None: not in time."""
    since_s = time.monotonic()
    while (now_s := time.monotonic()) < since_s + _BACK_WITHIN_S + _BACK_FOR_S + 1:
        second = back_at([*load.rates, (sink.series, load.delivered_per_s)], since_s, now_s, _BACK_FOR_S)
        if second is not None and second - since_s <= _BACK_WITHIN_S:
            return second - since_s
        await asyncio.sleep(0.2)
    return None


async def _settled(world: World, load: Load, sink: Sink, changes: Changes) -> tuple[Verdict, list[str]]:
    """As soon as everything came to its end, or when time is up."""
    ends_s = time.monotonic() + _SETTLED_WITHIN_S
    wanted = sum(kind is not Kind.DROPPED for kind in load.acknowledged.values())
    while time.monotonic() < ends_s:
        if len(verdict(load.acknowledged, sink.arrivals, {}).delivered) == wanted:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    while True:
        late = time.monotonic() > ends_s
        try:
            found = verdict(load.acknowledged, sink.arrivals, await world.ends(besides=sink.arrivals))
            broken = [*await changes.broken(), *await world.left_over()]
            if late or (found.good and not broken):
                return found, broken
        except (aiohttp.ClientError, AssertionError):
            if late:
                raise
        await asyncio.sleep(_LOOK_EVERY_S)
