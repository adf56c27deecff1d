"""What logic costs: data nodes, scripts and their processes by themselves, and what an action adds to its HTTP call."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import orjson

from tests.bench import subject
from tests.bench.compared import Compared
from tests.bench.evaluation import CALLERS, NODES, source, tree
from tests.bench.report import Figure
from tests.bench.stage import Stage
from tests.bench.wire import Job, Result

_DATA_US, _SCRIPT_MS, _SCRIPTS_PER_S, _START_MS, _IDLE_MB, _ADDED_MS = 40.0, 1.0, 2_500.0, 150.0, 30.0, 2.0
_BODY_KIB = (1, 64, 1_023)  # a body under /v1 holds less than 1 MiB

Growth = Mapping[str, Mapping[str, float]]


async def logic(stage: Stage) -> list[Figure]:
    """(i) The first of each growth is the figure; how it grows stands beside it."""
    told = await _evaluated(stage.effort.seconds)
    return [
        _grown(f"data nodes, {NODES[0]} of them", "µs", told["data_us"], _DATA_US),
        _grown("script with $, one caller, p50", "ms", told["script_ms"], _SCRIPT_MS),
        _grown(f"scripts with $, {CALLERS} callers", "1/s", told["scripts_per_s"], _SCRIPTS_PER_S),
        Figure("i", "start of a sandbox process", told["start_ms"], "ms", target=_START_MS),
        Figure("i", "memory of an idle sandbox process", told["idle_mb"], "MB", target=_IDLE_MB),
        _grown("expression, one caller, p50", "ms", told["expression_ms"]),
        _grown(f"expressions, {CALLERS} callers", "1/s", told["expressions_per_s"]),
        Figure("i", "first expression, its process started", told["first_expression_ms"], "ms"),
        Figure("i", "memory of an idle computing process", told["computing_mb"], "MB"),
        await _added(stage),
    ]


async def _evaluated(seconds: float) -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.evaluation", str(seconds), stdout=asyncio.subprocess.PIPE
    )
    written, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the evaluation of logic failed; what it wrote stands above")
    return orjson.loads(written)


def _grown(name: str, unit: str, growth: Growth, target: float | None = None) -> Figure:
    nodes, kib = growth["nodes"], growth["kib"]
    by_nodes = ", ".join(f"{int(count):,} nodes {_short(value)}" for count, value in list(nodes.items())[1:])
    by_size = ", ".join(f"{int(size):,} KiB {_short(value)}" for size, value in list(kib.items())[1:])
    details = {f"nodes_{count}": value for count, value in nodes.items()}
    details |= {f"kib_{size}": value for size, value in kib.items()}
    value = next(iter(nodes.values()))
    return Figure("i", name, value, unit, target=target, accounted=f"{by_nodes}; {by_size} {unit}", details=details)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


async def _added(stage: Stage) -> Figure:
    """The middle time of executing an action with one `http` node, less that of its call without the product."""
    for count in NODES:
        await _make_action(stage, count)
    results: list[Result] = []
    nodes = {str(nodes): await _added_ms(stage, nodes, 1, results) for nodes in NODES}
    kib = {str(kib): await _added_ms(stage, NODES[0], kib, results) for kib in _BODY_KIB}
    name = "execute of an HTTP action, added to its call, p50"
    figure = _grown(name, "ms", {"nodes": nodes, "kib": kib}, _ADDED_MS)
    accounted = Compared(results, [])
    told = accounted.trouble() or f"{figure.accounted}; {accounted.answered:,} answered"
    return replace(figure, accounted=told, complete=accounted.clean)


async def _make_action(stage: Stage, nodes: int) -> None:
    url = f"http://127.0.0.1:{stage.load.sink_port}/"
    sends = {"@type": "http", "method": "POST", "url": url, "json": tree(nodes - 1)}
    body = {"name": _name(nodes), "logic": {"execute": sends}}
    await stage.api.post(f"/service/actions/action?userId={subject.USER}", body)


def _name(nodes: int) -> str:
    return f"send.{nodes}.nodes"


async def _added_ms(stage: Stage, nodes: int, kib: int, results: list[Result]) -> float:
    """One caller asks for both in turn, so that noise meets both."""
    path = f"/v1/service/actions/action/{_name(nodes)}/execute?userId={subject.USER}"
    headers = {"api_key": "default", "Content-Type": "application/json"}
    request = subject.request("POST", path, orjson.dumps(source(kib)), headers)
    asked = Job(stage.port, request, seconds=stage.effort.seconds / 4, connections=1)
    direct = replace(asked, port=stage.bare.lean_port, request=subject.at_path(request, "/"))
    added_ms = []
    for _ in range(stage.effort.rounds + 1):
        one, other = await stage.load.run(asked), await stage.load.run(direct)
        results += [one, other]
        added_ms.append(one.p50_ms - other.p50_ms)
    return median(added_ms[1:])
