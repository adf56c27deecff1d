"""Scripts run one after another or side by side in one sandbox, each with a host of its own."""

import time
from typing import Any

import pytest

from libs.logic.budget import Budget, Meter
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Scope
from tests.logic.fake_host import FakeHost


class Scripts:
    def __init__(self, pool: SandboxPool) -> None:
        self.pool = pool

    async def run(
        self, script: str, source: Any = None, *, host: FakeHost | None = None, budget: Budget | None = None
    ) -> Any:
        meter = Meter(budget or Budget(), time.monotonic())
        scope = Scope(source=source, host=host or FakeHost(self.pool), meter=meter)
        return await compile_node({"@type": "script", "script": script}).evaluate(scope)

    async def failure(self, script: str, source: Any = None, **given: Any) -> LogicError:
        with pytest.raises(LogicError) as caught:
            await self.run(script, source, **given)
        return caught.value
