"""Processes of one kind that share its calls: started in need, each replaced when it overruns or dies."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

from libs.logic.errors import LogicError
from libs.logic.sandbox.calls import Call
from libs.logic.sandbox.process import Program, SandboxProcess, Seccomp
from libs.logic.sandbox.queue import FairQueue
from libs.logic.sandbox.shares import Shares

_LONG_S = 0.05
_LOOK_AGAIN_S = 0.025

# Whoever waits longer for a process is told to come back later.
_LONGEST_WAIT_S = 5.0

# What the contexts of all scripts that wait for the host may hold, for each of `size` processes.
_WAITING_BYTES = 128 << 20


class ProcessPool:
    """Grows to `size` processes while calls have to wait for one, and beyond in need.

    While every process is at a call that takes long, spares are started beside them, so that short calls need not
    wait for long ones: the system's scheduler shares the cores among them.
    """

    def __init__(
        self,
        program: Program,
        *,
        size: int,
        calls_per_process: int,
        grace_s: float,
        seccomp: Seccomp,
        on_replaced: Callable[[], None] | None,
    ) -> None:
        self._program = program
        self._on_replaced = on_replaced
        self._size = size
        self._kept = size if program.kept else 0
        self._most_places = size * (1 + program.spares)
        self._calls_per_process = calls_per_process
        self._grace_s = grace_s
        self._seccomp = seccomp
        self._ids = count(1)
        self._queue = FairQueue()
        self._shares = Shares(most_calls=size * calls_per_process, waiting_bytes=size * _WAITING_BYTES)
        self._processes: list[SandboxProcess] = []
        self._places = 0
        self._keepers: set[asyncio.Task[None]] = set()
        self._closed = False
        self._look_again: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Raises OSError when not even one process comes up."""
        process = self._new_process()
        await process.start()
        self._places += 1
        self._processes.append(process)
        self._keep(self._serve(process))

    def fill(self) -> None:
        """Begins to start all `size` processes, so that the first scripts need not share one."""
        while self._places < self._size:
            self._grow()

    async def close(self) -> None:
        """Ends every process; what still runs ends as `sandbox_lost`."""
        self._closed = True
        if self._look_again is not None:
            self._look_again.cancel()
        self._fail_queue("the service is shutting down")
        for process in self._processes:
            process.kill()
        await asyncio.gather(*self._keepers)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def outcome(self, make_call: Callable[[int, Shares], Call]) -> Any:
        """What comes of the call; raises what ends it."""
        if self._closed:
            raise self._lost("the service is shutting down")
        call = make_call(next(self._ids), self._shares)
        self._shares.enter(call.tenant)
        try:
            self._enqueue(call)
            self._dispatch()
            return await call.future
        finally:
            self._shares.leave(call.tenant)
            call.release()
            for process in self._processes:
                process.forget(call)

    def _enqueue(self, call: Call) -> None:
        call.queued_s = asyncio.get_running_loop().time()
        self._queue.put(call)

    def _dispatch(self) -> None:
        while self._queue:
            process = self._freest()
            if process is None or process.load[0] > 0:
                self._grow()
            call = self._queue.take(self._hogs()) if process is not None else None
            if process is None or call is None:
                self._look_later()
                return
            if not process.is_behind_its_own(call):
                self._look_later()
            process.begin(call)

    def _look_later(self) -> None:
        """Whether the processes are at something long shows only with time."""
        if self._look_again is None and not self._closed:
            self._look_again = asyncio.get_running_loop().call_later(_LOOK_AGAIN_S, self._look)

    def _look(self) -> None:
        self._look_again = None
        for call in self._queue.take_older(asyncio.get_running_loop().time() - _LONGEST_WAIT_S):
            call.fail(self._no_time())
        for process in self._processes:
            for call in process.take_back():
                call.id = next(self._ids)
                self._queue.put_back(call)
            if process.is_mixed:
                self._look_later()
        self._dispatch()

    def _hogs(self) -> list[str]:
        """Tenants whose long scripts have half of the places: the others are left to others."""
        if len(self._processes) <= self._size:
            return []
        held = Counter(call.tenant for process in self._processes if (call := process.long_running()) is not None)
        return [tenant for tenant, places in held.items() if tenant and places >= self._most_places // 2]

    def _freest(self) -> SandboxProcess | None:
        free = [
            process for process in self._processes if process.has_room and len(process.calls) < self._calls_per_process
        ]
        return min(free, key=lambda process: process.load, default=None)

    def _grow(self) -> None:
        if not self._closed and (self._places < self._size or self._needs_spare()):
            self._places += 1
            self._keep(self._add_process())

    def _needs_spare(self) -> bool:
        starting = self._places > len(self._processes)
        room = self._places < self._most_places
        return room and not starting and all(process.busy_s > _LONG_S for process in self._processes)

    def _retire(self) -> None:
        """Ends a process that has had nothing to do for a while; asked again later while there are others."""
        if self._closed or len(self._processes) <= self._kept:
            return
        idle = next((process for process in self._processes if process.idle_s >= self._program.idle_kept_s), None)
        if idle is not None:
            idle.retired = True
            idle.kill()
        asyncio.get_running_loop().call_later(self._program.idle_kept_s, self._retire)

    def _keep(self, keeping: Coroutine[Any, Any, None]) -> None:
        keeper = asyncio.create_task(keeping)
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    def _new_process(self) -> SandboxProcess:
        return SandboxProcess(self._program, grace_s=self._grace_s, seccomp=self._seccomp, on_room=self._dispatch)

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
        if len(self._processes) == self._kept + 1:
            asyncio.get_running_loop().call_later(self._program.idle_kept_s, self._retire)
        await self._serve(process)

    async def _serve(self, process: SandboxProcess) -> None:
        """Keeps the process in use until it is lost, then sees to the calls that were on it."""
        if self._closed:
            process.kill()
        self._dispatch()
        await process.lost.wait()
        self._processes.remove(process)
        self._places -= 1
        if self._on_replaced is not None and not (self._closed or process.retired):
            self._on_replaced()
        self._rescue(process)
        if not self._processes and self._kept and (process.has_replied or process.calls):
            self._grow()
        self._dispatch()
        await process.stop()

    def _rescue(self, process: SandboxProcess) -> None:
        """Runs again what can't have had an effect, once if it may have been what ended the process."""
        for call in process.calls.values():
            if call is process.overrun:
                call.overran()
            elif self._closed or call.called_host or call.losses:
                call.fail(self._lost("its process ended while it ran"))
            else:
                call.losses += call.began
                call.began = False
                self._enqueue(call)

    def _fail_queue(self, why: str) -> None:
        for call in self._queue.take_all():
            call.fail(self._lost(why))

    def _lost(self, why: str) -> LogicError:
        return LogicError("sandbox_lost", f"The {self._program.call} was lost: {why}.")

    def _no_time(self) -> LogicError:
        told = f"The sandbox had no time for a {self._program.call} in {_LONGEST_WAIT_S:g} s; try again later."
        return LogicError("sandbox_full", told)
