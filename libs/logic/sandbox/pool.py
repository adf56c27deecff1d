"""The sandbox of a service: processes that run scripts, and others, started in need, that compute."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from libs.logic.compiler import ExpressionSource, ScriptSource
from libs.logic.errors import Problem
from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call, out_of_cpu
from libs.logic.sandbox.checks import ExpressionCheck, ScriptCheck, problems_of
from libs.logic.sandbox.computations import ComputationCall, body_of, out_of_time
from libs.logic.sandbox.job import Job
from libs.logic.sandbox.process import COMPUTATIONS, SCRIPTS, Seccomp
from libs.logic.sandbox.processes import ProcessPool
from libs.logic.sandbox.shares import Shares
from libs.logic.scope import Computation


class SandboxPool:
    """Runs scripts and computations, each kind in up to `size` processes of its own.

    Those for scripts are kept, and there are more of them while all are at long scripts.
    """

    def __init__(
        self,
        *,
        size: int | None = None,
        calls_per_process: int = 200,
        grace_s: float = 0.1,
        seccomp: Seccomp = "required",
        on_replaced: Callable[[], None] | None = None,
    ) -> None:
        self._scripts, self._computations = (
            ProcessPool(
                program,
                size=size or os.cpu_count() or 1,
                calls_per_process=calls_per_process,
                grace_s=grace_s,
                seccomp=seccomp,
                on_replaced=on_replaced,
            )
            for program in (SCRIPTS, COMPUTATIONS)
        )
        self._seccomp = seccomp

    async def start(self) -> None:
        """Raises OSError when not even one process for scripts comes up."""
        await self._scripts.start()

    def fill(self) -> None:
        """Begins to start all processes for scripts, so that the first scripts need not share one."""
        self._scripts.fill()

    async def close(self) -> None:
        """Ends every process; what still runs ends as `sandbox_lost`."""
        await asyncio.gather(self._scripts.close(), self._computations.close())

    @property
    def filtered(self) -> bool:
        """Whether the processes' system calls are filtered, which only Linux can."""
        return self._seccomp != "off" and sys.platform == "linux"

    @property
    def pids(self) -> list[int]:
        return self._scripts.pids + self._computations.pids

    async def run(self, job: Job) -> Any:
        """What the script returned; raises LogicError, whose path is left to the caller."""
        meter = job.meter
        if meter.cpu_left_s <= 0:
            raise out_of_cpu(job)
        budget = meter.budget
        head = frames.RUN_HEAD.pack(
            meter.cpu_left_s, budget.memory_bytes, budget.output_bytes, job.libraries, len(job.script)
        )
        body = head + job.script + job.arguments

        def make_call(call_id: int, shares: Shares) -> Call:
            return Call(call_id, frames.RUN, body, job, shares, job.tenant)

        return await self._scripts.outcome(make_call)

    async def compute(self, computation: Computation) -> Any:
        """The value; raises LogicError, whose path is left to the caller."""
        if computation.meter.cpu_left_s <= 0:
            raise out_of_time(computation.meter)
        return await self._computations.outcome(partial(ComputationCall, computation, body_of(computation)))

    async def check_syntax(self, scripts: Sequence[ScriptSource], tenant: str = "") -> list[Problem]:
        """Raises LogicError when it can't be said just now."""
        return await problems_of(self._scripts, ScriptCheck, scripts, tenant)

    async def check_expressions(self, expressions: Sequence[ExpressionSource], tenant: str = "") -> list[Problem]:
        """Raises LogicError when it can't be said just now."""
        return await problems_of(self._computations, ExpressionCheck, expressions, tenant)
