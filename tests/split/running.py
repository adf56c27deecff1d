"""The product as separate processes behind nginx, on a MongoDB and a Kafka: for development, tests and the bench."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from tests.ports import Ports
from tests.split.gateway import nginx_program
from tests.split.plan import EACH_ALONE, Plan, Planned
from tests.split.processes import Hear, Process

GATEWAY = "nginx"
_READY_WITHIN_S = 60.0
_GATEWAY_ENDS_WITHIN_S = 2.0
_ASKING_END_WITHIN_S = 8.0
_ASKED_END_WITHIN_S = 4.0
_LOOK_EVERY_S = 0.1
_ANSWER_WITHIN_S = 3.0


class Split:
    """Running processes by name (`webhooks:workers`, the next of the same roles `webhooks:workers.2`), and `nginx`.

    `url` is the gateway's, without a slash at the end.
    """

    def __init__(self, url: str, plan: Plan, processes: Mapping[str, Process]) -> None:
        self.url = url
        self.processes = processes
        self._planned = {each.name: each for each in plan.processes}

    @property
    def services(self) -> list[Process]:
        """All processes but the gateway."""
        return [process for name, process in self.processes.items() if name != GATEWAY]

    def internal_url(self, name: str) -> str:
        """Where this process has /metrics, without a slash at the end."""
        return self._planned[name].internal_url

    def api_url(self, name: str) -> str:
        """Where this process serves its part of the API, /healthz and /readyz."""
        return self._planned[name].url

    async def ready(self, within_s: float = _READY_WITHIN_S) -> None:
        """Returns once all are ready, the gateway last. Raises TimeoutError naming those that are not, and why."""
        waiting = {each.name: f"{each.url}/readyz" for each in self._planned.values()}
        reasons = dict.fromkeys((*waiting, GATEWAY), "not asked yet")
        try:
            async with asyncio.timeout(within_s), _asking() as session:
                await asyncio.gather(*(_until_ready(session, name, waiting[name], reasons) for name in waiting))
                await _until_ready(session, GATEWAY, f"{self.url}/v1/service", reasons)
        except TimeoutError:
            raise TimeoutError(f"not ready within {within_s:g} s: {reasons}") from None


@asynccontextmanager
async def split(
    store_url: str,
    bus_url: str,
    *,
    roles: Sequence[str] = EACH_ALONE,
    http_port: int = 0,
    data_dir: Path | None = None,
    settings: Mapping[str, str] | None = None,
    hear: Hear = lambda name, line: None,
) -> AsyncIterator[Split]:
    """Starts one process for each entry of `roles`, and nginx; a process that dies by itself is started again.

    With port 0 the gateway takes a free one. `data_dir` keeps the keys that seal credentials; without one they end
    with the block. `hear` is told every line of output. At the end all are stopped: the gateway first, then those
    that ask others, then those that are asked. Raises SplitRefused.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interactor-split-")))
        ports = stack.enter_context(Ports())
        http_port = http_port or ports.take()
        url = f"http://127.0.0.1:{http_port}"
        shared = {"STORE_URL": store_url, "BUS_URL": bus_url, "PUBLIC_URL": url, "DATA_DIR": str(data_dir or folder)}
        plan = Plan(roles, ports, {**shared, **(settings or {})})
        gateway = await asyncio.to_thread(nginx_program, folder, http_port, plan.upstreams)
        processes = {each.name: Process(each.name, plan.program(each), hear) for each in plan.processes}
        processes[GATEWAY] = Process(GATEWAY, gateway, hear)
        stack.push_async_callback(_stop, plan, processes)
        await asyncio.gather(*(process.start() for process in processes.values()))
        yield Split(url, plan, processes)


async def _stop(plan: Plan, processes: Mapping[str, Process]) -> None:
    await processes[GATEWAY].terminate(_GATEWAY_ENDS_WITHIN_S)
    asking = [processes[each.name] for each in plan.processes if not _is_asked(each)]
    asked = [processes[each.name] for each in plan.processes if _is_asked(each)]
    await asyncio.gather(*(process.terminate(_ASKING_END_WITHIN_S) for process in asking))
    await asyncio.gather(*(process.terminate(_ASKED_END_WITHIN_S) for process in asked))


def _is_asked(process: Planned) -> bool:
    return bool({"catalog", "credentials", "identity"}.intersection(process.services))


def _asking() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S))


async def _until_ready(session: aiohttp.ClientSession, name: str, url: str, reasons: dict[str, str]) -> None:
    while reason := await _reason(session, url):
        reasons[name] = reason
        await asyncio.sleep(_LOOK_EVERY_S)
    del reasons[name]


async def _reason(session: aiohttp.ClientSession, url: str) -> str:
    """Why it is not ready; empty when it is. That a key is wanted is an answer too."""
    try:
        async with session.get(url) as answer:
            return "" if answer.status in (200, 401) else (await answer.text())[:300]
    except (aiohttp.ClientError, TimeoutError) as error:
        return repr(error)
