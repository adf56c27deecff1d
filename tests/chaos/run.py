"""One run: load, faults one after the other, and in the end the account of everything that was acknowledged."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.api_client import ApiClient
from tests.chaos.ledger import Kind, Verdict, back_at, verdict
from tests.chaos.systems import Fault, System
from tests.chaos.world import Cascades, Load, Sink, World, make_world
from tests.demo.servers import listening

RECOVERED_WITHIN_S = 30.0
_BEFORE_THE_FIRST_S = 4.0
_BETWEEN_S = 1.0
_GUESTS_EVERY_S = 2.0
_SETTLED_WITHIN_S = 150.0
_LOOK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Suffered:
    """A fault and how long after its end the full rate was back; None: not in time."""

    fault: str
    back_after_s: float | None


@dataclass(frozen=True)
class Account:
    """All that a run showed."""

    system: str
    sent: int
    answers: dict[str, int]
    executes: dict[str, int]
    executions_kept: int
    suffered: list[Suffered]
    verdict: Verdict
    left_over: list[str]
    guests: int
    settled_after_s: float

    @property
    def good(self) -> bool:
        recovered = all(each.back_after_s is not None for each in self.suffered)
        return self.verdict.good and recovered and not self.left_over

    def told(self) -> str:
        found = self.verdict
        rows = [f"{self.system}: {'good' if self.good else 'NOT GOOD'}"]
        rows += [f"  {each.fault:45} full rate back after {_seconds(each.back_after_s)}" for each in self.suffered]
        rows += [
            f"  sent {self.sent}, answered {_counts(self.answers)}",
            f"  acknowledged {self.answers.get('200', 0)}: delivered {len(found.delivered)}, "
            f"dropped by the trigger {len(found.dropped)}, dead letters {len(found.dead)}, "
            f"lost {len(found.lost)}, unknown {len(found.unknown)}; repeated {found.repeated}",
            f"  executes answered {_counts(self.executes)}, rows in their history {self.executions_kept}",
            f"  users that went with a subscription {self.guests}, left over {len(self.left_over)}",
            f"  all settled {self.settled_after_s:.0f} s after the last webhook",
        ]
        rows += [f"  lost: {id}" for id in found.lost[:10]] + [f"  unknown: {id}" for id in found.unknown[:10]]
        return "\n".join([*rows, *(f"  {each}" for each in self.left_over[:10])]) + "\n"


async def run(
    system: System, chance: random.Random, *, seconds: float, rate_per_s: float, tell: Callable[[str], None]
) -> Account:
    """Faults until `seconds` are over, then waits for what was acknowledged to come to its end."""
    sink = Sink()
    async with listening(sink.app()) as sink_url, ApiClient(system.url) as api:
        world = await make_world(api, sink_url)
        load = Load(system.url, world.channels, rate_per_s=rate_per_s)
        cascades = Cascades(api, sink_url)
        working = [asyncio.create_task(load.run()), asyncio.create_task(cascades.run(_GUESTS_EVERY_S))]
        try:
            suffered = await _suffer(system.faults, chance, load, sink, seconds, tell)
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
        ended_s = time.monotonic()
        found, left_over = await _settled(world, load, sink, cascades)
        return Account(
            system.name,
            load.sent,
            dict(load.answers),
            dict(load.executes),
            await world.executions(),
            suffered,
            found,
            left_over,
            len(cascades.gone),
            time.monotonic() - ended_s,
        )


async def _suffer(
    faults: Sequence[Fault],
    chance: random.Random,
    load: Load,
    sink: Sink,
    seconds: float,
    tell: Callable[[str], None],
) -> list[Suffered]:
    suffered: list[Suffered] = []
    ends_s = time.monotonic() + seconds
    waiting: list[Fault] = []
    await asyncio.sleep(_BEFORE_THE_FIRST_S)
    while time.monotonic() < ends_s:
        if not waiting:
            waiting = list(faults)
            chance.shuffle(waiting)
            waiting.sort(key=lambda each: each.of_engine)  # taken from the end: a short run sees the engines go
        fault = waiting.pop()
        await fault.happen()
        back_after_s = await _recovered(load, sink)
        suffered.append(Suffered(fault.name, back_after_s))
        tell(f"  {fault.name:45} full rate back after {_seconds(back_after_s)}\n")
        await asyncio.sleep(_BETWEEN_S)
    return suffered


async def _recovered(load: Load, sink: Sink) -> float | None:
    """How long after now both what is acknowledged and what arrives ran at their rate again."""
    since_s = time.monotonic()
    while (now_s := time.monotonic()) < since_s + RECOVERED_WITHIN_S + 4:
        second = back_at(load.delivered_per_s, (load.series, sink.series), since_s, now_s)
        if second is not None:
            return second - since_s
        await asyncio.sleep(0.2)
    return None


async def _settled(world: World, load: Load, sink: Sink, cascades: Cascades) -> tuple[Verdict, list[str]]:
    """As soon as everything came to its end, or when time is up."""
    ends_s = time.monotonic() + _SETTLED_WITHIN_S
    wanted = sum(kind is not Kind.DROPPED for kind in load.acknowledged.values())
    while time.monotonic() < ends_s:
        if len(verdict(load.acknowledged, sink.arrivals, {}).delivered) == wanted:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    while True:
        found = verdict(load.acknowledged, sink.arrivals, await world.ends(besides=sink.arrivals))
        left_over = await cascades.left_over()
        heard_by = await world.hears()
        if heard_by > 1:
            left_over.append(f"{heard_by - 1} subscriptions of users that are gone")
        if (found.good and not left_over) or time.monotonic() > ends_s:
            return found, left_over
        await asyncio.sleep(_LOOK_EVERY_S)


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counted.items())) or "none"


def _seconds(seconds: float | None) -> str:
    return "MORE THAN 30 s" if seconds is None else f"{seconds:.1f} s"
