"""The sandbox processes of a service: as many as it has cores, each replaced when it overruns or dies."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any

from libs.logic.compiler import ScriptSource
from libs.logic.errors import LogicError, Problem
from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call, SyntaxFault, out_of_cpu
from libs.logic.sandbox.job import Job
from libs.logic.sandbox.process import SandboxProcess


class SandboxPool:
    """Runs scripts; grows from one process to `size` while scripts have to wait for one."""

    def __init__(
        self,
        *,
        size: int | None = None,
        calls_per_process: int = 200,
        grace_s: float = 0.5,
        on_replaced: Callable[[], None] | None = None,
    ) -> None:
        self._on_replaced = on_replaced
        self.size = size or os.cpu_count() or 1
        self._calls_per_process = calls_per_process
        self._grace_s = grace_s
        self._ids = count(1)
        self._queue: deque[Call] = deque()
        self._processes: list[SandboxProcess] = []
        self._places = 0
        self._keepers: set[asyncio.Task[None]] = set()
        self._live = 0
        self._closed = False

    async def start(self) -> None:
        """Raises OSError when not even one process comes up."""
        process = self._new_process()
        await process.start()
        self._places += 1
        self._processes.append(process)
        self._keep(self._serve(process))

    async def close(self) -> None:
        """Ends every process; what still runs ends as `sandbox_lost`."""
        self._closed = True
        self._fail_queue("the service is shutting down")
        for process in self._processes:
            process.kill()
        await asyncio.gather(*self._keepers)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def run(self, job: Job) -> Any:
        """What the script returned; raises LogicError, whose path is left to the caller."""
        meter = job.meter
        if meter.cpu_left_s <= 0:
            raise out_of_cpu(job)
        budget = meter.budget
        head = frames.RUN_HEAD.pack(
            meter.cpu_left_s, budget.memory_bytes, budget.output_bytes, job.libraries, len(job.script)
        )
        return await self._outcome(frames.RUN, head + job.script + job.arguments, job)

    async def check_syntax(self, scripts: Sequence[ScriptSource]) -> list[Problem]:
        problems = []
        for script in scripts:
            try:
                await self._outcome(frames.CHECK, script.text.encode("utf-8", "replace"), None)
            except SyntaxFault as fault:
                message, line, column = fault.args
                problems.append(Problem(script.path, message, line, column))
        return problems

    async def _outcome(self, kind: int, body: bytes, job: Job | None) -> Any:
        if self._closed:
            raise _lost("the service is shutting down")
        if self._live >= self.size * self._calls_per_process:
            raise LogicError("sandbox_full", "Too many scripts are running; try again in a moment.")
        call = Call(next(self._ids), kind, body, job)
        self._live += 1
        self._queue.append(call)
        self._dispatch()
        try:
            return await call.future
        finally:
            self._live -= 1
            call.release()
            for process in self._processes:
                process.forget(call)

    def _dispatch(self) -> None:
        while self._queue:
            if self._queue[0].future.done():
                self._queue.popleft()
                continue
            process = self._freest()
            if process is None or process.load[0] > 0:
                self._grow()
            if process is None:
                return
            process.begin(self._queue.popleft())

    def _freest(self) -> SandboxProcess | None:
        free = [
            process for process in self._processes if process.has_room and len(process.calls) < self._calls_per_process
        ]
        return min(free, key=lambda process: process.load, default=None)

    def _grow(self) -> None:
        if not self._closed and self._places < self.size:
            self._places += 1
            self._keep(self._add_process())

    def _keep(self, keeping: Coroutine[Any, Any, None]) -> None:
        keeper = asyncio.create_task(keeping)
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    def _new_process(self) -> SandboxProcess:
        return SandboxProcess(grace_s=self._grace_s, on_room=self._dispatch)

    async def _add_process(self) -> None:
        process = self._new_process()
        try:
            await process.start()
        except OSError:
            self._places -= 1
            if not self._processes:
                self._fail_queue("no sandbox process could be started")
            return
        self._processes.append(process)
        await self._serve(process)

    async def _serve(self, process: SandboxProcess) -> None:
        """Keeps the process in use until it is lost, then sees to the calls that were on it."""
        if self._closed:
            process.kill()
        self._dispatch()
        await process.lost.wait()
        self._processes.remove(process)
        self._places -= 1
        if self._on_replaced is not None and not self._closed:
            self._on_replaced()
        self._rescue(process)
        if not self._processes:
            self._grow()
        self._dispatch()
        await process.stop()

    def _rescue(self, process: SandboxProcess) -> None:
        """Runs again what can't have had an effect, once if it may have been what ended the process."""
        for call in process.calls.values():
            if call is process.overrun:
                call.overran()
            elif self._closed or call.called_host or call.losses:
                call.fail(_lost("its process ended while it ran"))
            else:
                call.losses += call.began
                call.began = False
                self._queue.append(call)

    def _fail_queue(self, why: str) -> None:
        while self._queue:
            self._queue.popleft().fail(_lost(why))


def _lost(why: str) -> LogicError:
    return LogicError("sandbox_lost", f"The script was lost: {why}.")
