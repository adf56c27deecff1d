"""What a catalog of many components costs: reading a service whole, making components, and finding one among many."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from statistics import median

from tests.api_client import ApiClient
from tests.bench import subject
from tests.bench.compared import Compared
from tests.bench.report import Figure, rate
from tests.bench.stage import Stage
from tests.bench.wire import ID_PLACE, Job

INSIDE = 50
PAGE = 100
FEW = 100
_READ_TARGET = 0.5
_PAGES_TARGET = 1.5
_NAMES_TARGET = 1.3
_TIMES = 200
_MADE_WITHIN_S = 600.0
_KEY = {"api_key": "default"}

Compare = Callable[[Stage, str, str], Awaitable[Compared]]


async def catalog(stage: Stage, compare: Compare) -> list[Figure]:
    """(h) All reads from memory are compared with a bare server that answers as many bytes."""
    many = await _make(stage, "many", stage.effort.components)
    return [*await _whole_service(stage, compare), many, *await _pages(stage, compare), await _names(stage)]


async def _whole_service(stage: Stage, compare: Compare) -> list[Figure]:
    """What a page that shows one service asks for: the service, and the list of its components."""
    await _make(stage, "whole", INSIDE)
    row = await _read(stage, compare, "read a service", "/service/whole")
    rows = await _read(stage, compare, f"read its {INSIDE} components", "/service/whole/trigger")
    return [row, rows]


async def _make(stage: Stage, service: str, count: int) -> Figure:
    """A service with so many triggers, made by 32 callers."""
    await stage.api.post(f"/service?userId={subject.USER}", {"name": service})
    body = b'{"name":"%s","label":{"en":"Something happened"},"schema":{"variables":[]}}' % ID_PLACE
    path = f"/v1/service/{service}/trigger?userId={subject.USER}"
    made = subject.request("POST", path, body, {**_KEY, "Content-Type": "application/json"})
    job = Job(stage.port, made, seconds=_MADE_WITHIN_S, count=count)
    result = await stage.load.run(job)
    accounted = Compared([result], []).trouble() or f"{result.answered:,} made"
    complete = result.clean and result.answered == count
    return Figure("h", f"create {count:,} components", result.per_s, "1/s", accounted=accounted, complete=complete)


async def _pages(stage: Stage, compare: Compare) -> list[Figure]:
    """The first page of many components and the last one, from the store and from memory."""
    first = f"/service/many/trigger?limit={PAGE}"
    last = await _last_page(stage)
    times = await _cold_ms(stage.api, {first: ("many", [first]), last: ("many", [last])})
    told = f"p50 {times[first]:.2f} and {times[last]:.2f} ms"
    name = f"last page of {stage.effort.components:,} to the first, from the store"
    ratio = Figure("h", name, times[last] / times[first], "x", target=_PAGES_TARGET, accounted=told)
    return [
        ratio,
        await _read(stage, compare, f"list {PAGE} of {stage.effort.components:,}, first page", first),
        await _read(stage, compare, f"list {PAGE} of {stage.effort.components:,}, last page", last),
    ]


async def _last_page(stage: Stage) -> str:
    """The path of the page that holds the last PAGE components."""
    left, path = stage.effort.components - PAGE, "/service/many/trigger?limit={}"
    cursor = ""
    while left:
        limit = min(left, 500)
        answer = await stage.api.ask("GET", path.format(limit) + cursor)
        left -= limit
        cursor = "&cursor=" + answer.headers["Link"].partition("cursor=")[2].partition(">")[0].partition("&")[0]
    return path.format(PAGE) + cursor


async def _names(stage: Stage) -> Figure:
    """Finding a component by its name, which nobody holds in memory, among few and among many."""
    await _make(stage, "few", FEW)
    named: dict[str, tuple[str, list[str]]] = {}
    for service in ("few", "many"):
        rows = await stage.api.get(f"/service/{service}/trigger?limit={FEW}")
        named[service] = service, [f"/service/{service}/trigger/{row['name']}" for row in rows]
    times = await _cold_ms(stage.api, named)
    name = f"find one of {stage.effort.components:,} by name to one of {FEW}"
    told = f"p50 {times['many']:.2f} and {times['few']:.2f} ms"
    return Figure("h", name, times["many"] / times["few"], "x", target=_NAMES_TARGET, accounted=told)


async def _cold_ms(api: ApiClient, asked: dict[str, tuple[str, list[str]]]) -> dict[str, float]:
    """The median times of answers right after a change of their service, so that none comes from memory.

    They are asked in turn, so that noise meets all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(_TIMES):
        for name, (service, paths) in asked.items():
            await api.put(f"/service/{service}?userId={subject.USER}", {"displayOrder": number})
            started_s = time.perf_counter()
            await api.get(paths[number % len(paths)])
            taken[name].append(time.perf_counter() - started_s)
    return {name: 1e3 * median(times) for name, times in taken.items()}


async def _read(stage: Stage, compare: Compare, name: str, path: str) -> Figure:
    """Compared with a bare answer of the same size."""
    size = len((await stage.api.ask("GET", path)).raw)
    compared = await compare(stage, subject.request("GET", f"/v1{path}", b"", _KEY), f"/read?bytes={size}")
    return rate("h", name, compared, _READ_TARGET, f"{compared.answered:,} answers of {size:,} bytes")
