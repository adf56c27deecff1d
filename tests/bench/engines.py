"""The same cases on a MongoDB and a Kafka, a process per role; beside them one process, and bare aiohttp.

What counts on a real cluster are the operations: MongoDB and Kafka share two cores with everything else here, and
the MongoDB may be a stand-in for tests.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import aiohttp
import orjson
import psutil

from tests.api_client import ApiClient
from tests.bench import subject
from tests.bench.parties import Bare, Load, bare, load
from tests.bench.stage import Effort, port_of
from tests.bench.wire import Job, Result
from tests.engines.engines import Engines, make_engines
from tests.process import running
from tests.split.plan import EACH_ALONE
from tests.split.running import GATEWAY, Split, split

_WORKERS = (1, 2, 4)
_SCALED = "b"
_ROLE = "webhooks:workers"
_COUNTED = re.compile(
    r'^(interactor_(?:store_operations|bus_messages)_total)(?:\{operation="(\w+)"\})? ([0-9.e+]+)', re.M
)
_WARM_UP_S = 0.5
_REST_S = 0.5
_IDLE_S = 2.0
_SCALED_PER_S = 100.0


@dataclass(frozen=True, slots=True)
class Case:
    """`role` is whose port takes the requests; `bare` the bare server's path for the same."""

    key: str
    name: str
    request: str
    role: str
    bare: str
    arrival: bool = False
    rate_per_s: float | None = None


@dataclass(frozen=True)
class Measured:
    """`used_s` is processor time by who used it, `operations` what was asked of store and bus."""

    result: Result
    used_s: Mapping[str, float]
    operations: Mapping[str, float]

    def each_ms(self, who: str) -> float:
        return 1e3 * self.used_s.get(who, 0.0) / max(1, self.result.answered)

    def each(self, operation: str) -> float:
        return self.operations.get(operation, 0.0) / max(1, self.result.answered)


async def measure(keys: Sequence[str], effort: Effort, directory: Path, stream: TextIO) -> bool:
    """Writes a JSON line for each row of these cases; answers whether every id was accounted for."""
    engines = await asyncio.to_thread(_started)
    try:
        async with load() as generator, bare(generator.sink_port) as server:
            alone = await _alone(keys, effort, directory, generator, server)
            rows = [
                await _scaled(effort, engines, generator, workers, alone)
                for workers in (_WORKERS if _SCALED in keys else _WORKERS[:1])
            ]
    finally:
        await asyncio.to_thread(engines.close)
    told = [row for each in rows for row in each]
    for row in told:
        stream.write(orjson.dumps(row).decode() + "\n")
    if _SCALED in keys:
        _tell_bottleneck(told, stream)
    return all(row["complete"] for row in told)


def _started() -> Engines:
    engines = make_engines()
    engines.start()
    return engines


async def _cases(api: ApiClient, generator: Load) -> list[Case]:
    await subject.make_user(api)
    answered = await subject.make_inbound(api, "data", subject.RESPONSES["data"])
    delivered = await subject.make_inbound(api, "deliver", sink_port=generator.sink_port)
    actions = await subject.make_actions(api, generator.sink_port)
    return [
        Case("a", "webhook → answer, data hook", answered, "webhooks:edge", "/answer"),
        Case("b", "webhook → delivered to a sink", delivered, "webhooks:edge", "/forward", arrival=True),
        Case("c", "execute, one HTTP call", actions["call"], "executor", "/call"),
        Case("d", "execute, pure data", actions["data"], "executor", "/answer"),
        Case("e", "catalog read", actions["read"], "catalog", "/read"),
    ]


async def _alone(
    keys: Sequence[str], effort: Effort, directory: Path, generator: Load, server: Bare
) -> dict[str, tuple[float, float]]:
    """By case, what one process on embedded engines does, and the bare server."""
    figures: dict[str, tuple[float, float]] = {}
    async with running(directory / "alone") as product, ApiClient(product.url) as api:
        for case in await _cases(api, generator):
            if case.key not in keys:
                continue
            ours = await _run(generator, case, port_of(product.url), effort.seconds)
            plain = replace(case, request=subject.at_path(case.request, case.bare))
            theirs = await _run(generator, plain, server.port, effort.seconds)
            figures[case.key] = (ours.per_s, theirs.per_s)
    return figures


async def _scaled(
    effort: Effort,
    engines: Engines,
    generator: Load,
    workers: int,
    alone: dict[str, tuple[float, float]],
) -> list[dict[str, object]]:
    roles = (*EACH_ALONE, *[_ROLE] * (workers - 1))
    rows: list[dict[str, object]] = []
    prefix = f"bench{os.getpid()}x{workers}"
    async with _product(engines, prefix, roles) as (running_split, api):
        for case in await _cases(api, generator):
            if case.key not in alone:
                continue
            port = port_of(running_split.api_url(case.role))
            if workers == 1 or case.key == _SCALED:
                measured = await _measured(running_split, engines, generator, case, port, effort.seconds)
                rows.append(_row(case, f"{workers} workers", measured, alone[case.key]))
            if case.key == _SCALED:
                paced = replace(case, name=f"{case.name}, {_SCALED_PER_S:g}/s", rate_per_s=_SCALED_PER_S)
                measured = await _measured(running_split, engines, generator, paced, port, effort.paced_seconds)
                rows.append(_row(paced, f"{workers} workers", measured, alone[case.key]))
            if workers == 1 and case.key == _SCALED:
                port = port_of(running_split.url)
                measured = await _measured(running_split, engines, generator, case, port, effort.seconds)
                rows.append(_row(case, "through nginx", measured, alone[case.key]))
    return rows


@asynccontextmanager
async def _product(engines: Engines, prefix: str, roles: Sequence[str]) -> AsyncIterator[tuple[Split, ApiClient]]:
    urls = (f"{engines.store_url}/{prefix}", f"{engines.bus_url}/{prefix}")
    async with split(*urls, roles=roles, settings={"LOG_LEVEL": "error"}) as running_split:
        await running_split.ready()
        async with ApiClient(running_split.url) as api:
            yield running_split, api


async def _run(generator: Load, case: Case, port: int, seconds: float) -> Result:
    job = Job(port, case.request, seconds=seconds, arrival=case.arrival)
    await generator.run(replace(job, seconds=_WARM_UP_S))
    return await generator.run(job)


async def _measured(
    running_split: Split, engines: Engines, generator: Load, case: Case, port: int, seconds: float
) -> Measured:
    """Less what all of them use when there is nothing to do."""
    job = Job(port, case.request, seconds=seconds, arrival=case.arrival, rate_per_s=case.rate_per_s)
    await generator.run(replace(job, seconds=_WARM_UP_S))
    await asyncio.sleep(_REST_S)
    resting = _used(running_split, engines)
    await asyncio.sleep(_IDLE_S)
    used, counted = _used(running_split, engines), await _counted(running_split)
    result = await generator.run(job)
    await asyncio.sleep(_REST_S)  # what follows an answer belongs to it
    used_after, counted_after = _used(running_split, engines), await _counted(running_split)
    idle = (result.elapsed_s + _REST_S) / _IDLE_S
    return Measured(
        result,
        {who: max(0.0, used_after[who] - used[who] - idle * (used[who] - resting[who])) for who in used},
        {what: counted_after[what] - counted[what] for what in counted_after},
    )


def _used(running_split: Split, engines: Engines) -> Counter[str]:
    """Processor seconds so far: each role, the gateway, and the engines."""
    used: Counter[str] = Counter()
    for name, process in running_split.processes.items():
        used[_ROLE if name.startswith(_ROLE) else name] += _tree_s(process.pid)
    used["mongo"] += _tree_s(engines.mongo.pid)
    used["kafka"] += _tree_s(engines.kafka.pid)
    return used


def _tree_s(pid: int) -> float:
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


async def _counted(running_split: Split) -> Counter[str]:
    """Operations of store and bus so far, of all processes together."""
    counted: Counter[str] = Counter()
    async with aiohttp.ClientSession() as session:
        for name in running_split.processes:
            if name == GATEWAY:
                continue
            async with session.get(f"{running_split.internal_url(name)}/metrics") as answer:
                for metric, operation, value in _COUNTED.findall(await answer.text()):
                    counted[operation or "message" if "bus" in metric else operation] += float(value)
    return counted


def _row(case: Case, form: str, measured: Measured, alone: tuple[float, float]) -> dict[str, object]:
    result = measured.result
    sys.stderr.write(f"({case.key}) {form}: {result.per_s:,.0f}/s\n")
    return {
        "figure": case.key,
        "name": case.name,
        "form": form,
        "per_s": round(result.per_s),
        "to_one_process": round(result.per_s / alone[0], 2),
        "to_bare": round(result.per_s / alone[1], 2),
        "p50_ms": round(result.p50_ms, 1),
        "p99_ms": round(result.p99_ms, 1),
        "store_writes": round(measured.each("write"), 3),
        "store_reads": round(measured.each("read"), 3),
        "bus_messages": round(measured.each("message"), 3),
        "processor_ms": {
            who: round(measured.each_ms(who), 3) for who in measured.used_s if measured.each_ms(who) > 0.005
        },
        "complete": result.clean,
    }


def _tell_bottleneck(rows: Sequence[Mapping[str, object]], stream: TextIO) -> None:
    """Who used most of the processors while webhooks were delivered, and how its workers share the work."""
    delivered = [row for row in rows if str(row["name"]).endswith("/s") and str(row["form"]).endswith("workers")]
    used: dict[str, float] = dict(delivered[0]["processor_ms"])  # type: ignore[call-overload]
    most = max(used, key=lambda who: used[who])
    whole = sum(used.values())
    stream.write(
        f"\nDelivering {_SCALED_PER_S:g}/s, {most} uses most: {used[most] / whole:.0%} of {whole:.2f} ms a webhook; "
        f"the MongoDB server {used.get('mongo', 0) / whole:.0%}, the Kafka broker {used.get('kafka', 0) / whole:.0%}.\n"
    )
    shares = [dict(row["processor_ms"]).get(_ROLE, 0.0) for row in delivered]  # type: ignore[call-overload]
    for row, share in zip(delivered, shares, strict=True):
        stream.write(f"{row['form']}: {share:.2f} ms of workers a webhook, {share / shares[0]:.2f} of one worker's\n")
