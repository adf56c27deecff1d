"""The figures: each drives the product and the bare server in turn and accounts for every id."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median

import psutil

from tests.api_client import ApiClient
from tests.bench import subject
from tests.bench.catalog import catalog
from tests.bench.compared import Compared
from tests.bench.logic import logic
from tests.bench.parties import bare
from tests.bench.report import Figure, rate
from tests.bench.stage import Stage, port_of
from tests.bench.wire import ID_PLACE, Job, Result
from tests.process import Product, running, start

_WARM_UP_S = 0.5
_TOLD = 5
_KEPT_WITHIN_S = 75.0
_SENT_WITHIN_S = 30.0
_WORKED_OFF_WITHIN_S = 60.0
_BACKLOG_TARGET_S = 1.0
_START_TARGET_S = 1.5
_MEMORY_TARGET_MB = 150.0


async def webhook_answered(stage: Stage) -> list[Figure]:
    """(a) With a `response` hook; then the backlog is worked off and every notification found in the store."""
    return [await _answered(stage, "data", 0.40), await _answered(stage, "script", 0.20)]


async def webhook_delivered(stage: Stage) -> list[Figure]:
    """(b) A closed loop from send to arrival at the sink; then at 50/s by the clock, for the time it takes."""
    request = stage.webhooks["deliver"]
    compared = await _compare(stage, request, "/forward", arrival=True)
    await _tell_undelivered(stage.api, "deliver", compared)
    duplicates = sum(result.duplicates for result in compared.product)
    told = f"{compared.answered:,} answered, all arrived, {duplicates} twice"
    flow = rate("b", "webhook → delivered to a sink", compared, 0.35, told)
    job = Job(stage.port, request, stage.effort.paced_seconds, connections=16, arrival=True, rate_per_s=50)
    plain = replace(job, port=stage.bare.port, request=subject.at_path(request, "/forward"))
    paced = Compared([await stage.load.run(job)], [await stage.load.run(plain)])
    return [flow, *_paced(paced, paced.product[0], paced.bare[0])]


async def http_executed(stage: Stage) -> list[Figure]:
    """(c) An action that asks the sink, with the user's token; compared with an endpoint that asks it."""
    return [rate("c", "execute, one HTTP call", await _compare(stage, stage.actions["call"], "/call"), 0.50)]


async def data_executed(stage: Stage) -> list[Figure]:
    """(d) An action of data nodes only."""
    return [rate("d", "execute, pure data", await _compare(stage, stage.actions["data"], "/answer"), None)]


async def catalog_read(stage: Stage) -> list[Figure]:
    """(e) One action, read by its name."""
    return [rate("e", "catalog read", await _compare(stage, stage.actions["read"], "/read"), 0.50)]


async def catalog_at_size(stage: Stage) -> list[Figure]:
    """(h) A service of 50 components read whole, and a service of very many."""
    return await catalog(stage, _compare)


async def logic_evaluated(stage: Stage) -> list[Figure]:
    """(i) The logic language by itself, and what it adds to an HTTP call."""
    return await logic(stage)


async def cold_start(stage: Stage) -> list[Figure]:
    """(f) From nothing to the first answer, each time with a new data directory."""
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(stage.effort.starts):
        started_s = time.monotonic()
        product = await start(stage.directory / f"cold-{number}")
        async with ApiClient(product.url) as api:
            await api.get("/service")
        ours.append(time.monotonic() - started_s)
        await product.stop()
        started_s = time.monotonic()
        async with bare(stage.load.sink_port) as server, ApiClient(f"http://127.0.0.1:{server.port}") as api:
            await api.send("GET", "/read")
            theirs.append(time.monotonic() - started_s)
    value, other = median(ours), median(theirs)
    return [Figure("f", "cold start to first answer", value, "s", other, other / value, _START_TARGET_S)]


async def memory(stage: Stage) -> list[Figure]:
    """(g) Of all the product's processes: after start, and after many notifications, every tenth delivered."""
    count = stage.effort.notifications
    async with running(stage.directory / "memory") as product, ApiClient(product.url) as api:
        await api.get("/service")
        after_start_mb = _resident_mb(product)
        await subject.make_user(api)
        port = port_of(product.url)
        kept = await subject.make_inbound(api, "kept", subject.RESPONSES["data"])
        sent = await subject.make_inbound(api, "sent", sink_port=stage.load.sink_port)
        keeping = Job(port, kept, seconds=_KEPT_WITHIN_S, count=count * 9 // 10)
        sending = Job(port, sent, seconds=_SENT_WITHIN_S, count=count // 10, arrival=True)
        taken = Compared([await stage.load.run(keeping), await stage.load.run(sending)], [])
        stored, _ = await _worked_off(api, "kept", taken.product[0].answered)
        routed, _ = await _worked_off(api, "sent", taken.product[1].answered)
        await _tell_undelivered(api, "sent", taken)
        after_mb = _resident_mb(product)
    return [
        Figure("g", "memory after start", after_start_mb, "MB", target=_MEMORY_TARGET_MB),
        _memory_after(taken, stored + routed, after_mb),
    ]


FIGURES: dict[str, Callable[[Stage], Awaitable[list[Figure]]]] = {
    "a": webhook_answered,
    "b": webhook_delivered,
    "c": http_executed,
    "d": data_executed,
    "e": catalog_read,
    "f": cold_start,
    "g": memory,
    "h": catalog_at_size,
    "i": logic_evaluated,
}


async def generator_ceiling(stage: Stage) -> float:
    """What the generator does against a server as lean as itself, in answers per second."""
    request = subject.request("POST", "/", b'{"id":"%s"}' % ID_PLACE, {"Content-Type": "application/json"})
    return (await stage.load.run(Job(stage.bare.lean_port, request, seconds=1.0))).per_s


async def _answered(stage: Stage, kind: str, target: float) -> Figure:
    compared = await _compare(stage, stage.webhooks[kind], "/answer")
    stored, backlog_s = await _worked_off(stage.api, kind, compared.answered)
    told = f"{compared.answered:,} answered, {stored:,} stored, backlog {backlog_s:.2f} s"
    figure = rate("a", f"webhook → answer, {kind} hook", compared, target, told)
    complete = figure.complete and stored == compared.answered
    return replace(figure, complete=complete, details={**figure.details, "backlog_s": backlog_s})


async def _compare(stage: Stage, request: str, path: str, *, arrival: bool = False) -> Compared:
    """Rounds of both in turn, so that noise meets both."""
    ours = Job(stage.port, request, seconds=stage.effort.seconds, arrival=arrival)
    plain = replace(ours, port=stage.bare.port, request=subject.at_path(request, path))
    await stage.load.run(replace(plain, seconds=_WARM_UP_S))
    compared = Compared([], [], [await stage.load.run(replace(ours, seconds=_WARM_UP_S))])
    for _ in range(stage.effort.rounds):
        compared.bare.append(await _served(stage, plain, stage.bare.pid))
        compared.product.append(await _served(stage, ours, stage.pid))
    return compared


async def _served(stage: Stage, job: Job, server_pid: int) -> Result:
    """With the processor time that the server took."""
    before_s = _processor_s(server_pid)
    result = await stage.load.run(job)
    return replace(result, served_s=_processor_s(server_pid) - before_s)


async def _worked_off(api: ApiClient, service: str, wanted: int) -> tuple[int, float]:
    """How many notifications the store holds once none is open any more, and how long that took."""
    since_s = time.monotonic()
    while True:
        asked_s = time.monotonic() - since_s
        stored, unfinished = await subject.notifications(api, service)
        if (stored >= wanted and unfinished == 0) or asked_s > _WORKED_OFF_WITHIN_S:
            return stored, asked_s
        await asyncio.sleep(0.02)


async def _tell_undelivered(api: ApiClient, service: str, compared: Compared) -> None:
    """Where something did not arrive, what the product itself says of it."""
    if any(result.lost for result in compared.product):
        for row in (await subject.undelivered(api, service))[:_TOLD]:
            sys.stderr.write(f"not delivered: {row}\n")


def _paced(paced: Compared, ours: Result, theirs: Result) -> list[Figure]:
    told = paced.trouble() or f"{ours.answered:,} answered, all arrived"
    return [
        Figure("b", f"send to arrival at 50/s, {name}", mine, "ms", other, other / mine, None, told, paced.clean)
        for name, mine, other in (("p50", ours.p50_ms, theirs.p50_ms), ("p99", ours.p99_ms, theirs.p99_ms))
    ]


def _memory_after(taken: Compared, stored: int, after_mb: float) -> Figure:
    name = f"memory after {taken.answered:,} webhooks"
    told = taken.trouble() or f"{taken.answered:,} answered, {stored:,} stored, {taken.product[1].answered:,} arrived"
    return Figure("g", name, after_mb, "MB", accounted=told, complete=taken.clean and stored == taken.answered)


def _resident_mb(product: Product) -> float:
    return float(sum(process.memory_info().rss for process in _tree(product.pid)) / 1e6)


def _processor_s(pid: int) -> float:
    times = [process.cpu_times() for process in _tree(pid)]
    return float(sum(each.user + each.system for each in times))


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]
