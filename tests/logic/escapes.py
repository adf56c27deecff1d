"""Hostile scripts in one sandbox with a neighbour: what each must come to, and that the neighbour doesn't notice."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

from libs.logic.budget import Budget, Meter
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import HttpRequest, HttpResponse, Scope
from tests.logic.fake_host import FakeHost, json_answer

BUDGET = Budget(cpu_s=0.03, memory_bytes=16 << 20, wall_s=8)
_SHORT_WAIT_S = 0.3
PROMPT_S = 2.0
"""Far more than a neighbour waits, and far less than hostile scripts would keep it waiting."""

# What another's script sees of the world that all might share, and that it runs at all.
NEIGHBOUR = """
const names = Object.getOwnPropertyNames(globalThis).sort().join();
const own = [Object, Array, Function, Promise, String].map((kind) => Object.getOwnPropertyNames(kind.prototype).length);
return [input.data, names, own, ({}).polluted ?? null, JSON.stringify([1]), String(JSON.stringify), typeof shared];
"""


@dataclass(frozen=True)
class Value:
    value: Any

    def matches(self, outcome: object) -> bool:
        return outcome == self


@dataclass(frozen=True)
class Fails:
    code: str
    budget: str | None = None
    says: str = ""

    def matches(self, error: object) -> bool:
        if not isinstance(error, LogicError):
            return False
        return error.code == self.code and error.details.get("budget") == self.budget and self.says in error.message


Outcome = Value | Fails | tuple[Value | Fails, ...]
Cases = dict[str, tuple[str, Outcome]]

THROWS = Fails("script_error")
CPU = Fails("budget_exceeded", "cpu")
MEMORY = Fails("budget_exceeded", "memory")
OUTPUT = Fails("budget_exceeded", "output")
WALL = Fails("timeout", "wall")
# Which of these comes first is a matter of the machine's speed.
EXHAUSTED = (CPU, MEMORY, THROWS)


def says(text: str) -> Fails:
    return Fails("script_error", says=text)


class Host(FakeHost):
    """Answers by the path of the URL: with what was asked, with 10 MB, or never."""

    async def http(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if request.url.endswith("/never"):
            await asyncio.Event().wait()
        if request.url.endswith("/big"):
            request.on_data(10 << 20)
            return HttpResponse(200, {"content-type": "text/plain"}, b"x" * (10 << 20))
        return json_answer({"url": request.url, "method": request.method, "body": (request.body or b"").decode()})


class Arena:
    """One pool and the fingerprint of a neighbour's world while nobody is hostile."""

    def __init__(self, pool: SandboxPool) -> None:
        self.host = Host(pool)
        self._neighbour = compile_node({"@type": "script", "script": NEIGHBOUR})
        self._usual: Any = None

    async def settle(self) -> None:
        self._usual = await self._neighbour.evaluate(self._scope(0, "neighbour"))

    async def contain(self, script: str, expected: Outcome, budget: Budget = BUDGET) -> None:
        """Runs it beside a neighbour and holds everything against what is expected."""
        if WALL in allowed(expected):
            budget = replace(budget, wall_s=_SHORT_WAIT_S)
        hostile = asyncio.create_task(self._outcome(script, budget))
        await asyncio.sleep(0)
        await self._check_neighbour(1)
        async with asyncio.timeout(10):
            outcome = await hostile
        await self._check_neighbour(2)
        check(outcome, expected)

    async def _outcome(self, script: str, budget: Budget) -> Value | LogicError:
        program = compile_node({"@type": "script", "script": script})
        try:
            return Value(await program.evaluate(self._scope({"secret": "of this call"}, "hostile", budget)))
        except LogicError as error:
            return error

    def _scope(self, source: Any, tenant: str, budget: Budget = BUDGET) -> Scope:
        meter = Meter(budget, asyncio.get_running_loop().time())
        return Scope(source=source, host=self.host, meter=meter, tenant=tenant)

    async def _check_neighbour(self, number: int) -> None:
        began_s = time.monotonic()
        seen = await self._neighbour.evaluate(self._scope(number, "neighbour"))
        assert seen == [number, *self._usual[1:]]
        assert time.monotonic() - began_s < PROMPT_S


def check(outcome: Value | LogicError, expected: Outcome) -> None:
    assert any(each.matches(outcome) for each in allowed(expected)), told(outcome)


def allowed(expected: Outcome) -> tuple[Value | Fails, ...]:
    return expected if isinstance(expected, tuple) else (expected,)


def told(outcome: Value | LogicError) -> str:
    if isinstance(outcome, Value):
        return f"it returned {outcome.value!r:.300}"
    return f"{outcome.code} {outcome.details.get('budget')}: {outcome.message:.300}"
