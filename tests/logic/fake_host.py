"""A host with scripted answers for requests and a table of actions."""

import asyncio
from typing import Any

import orjson

from libs.logic.errors import LogicError
from libs.logic.program import Program
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import ComponentCall, HttpRequest, HttpResponse, Scope


def json_answer(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, orjson.dumps(value))


class FakeHost:
    """Answers requests from a queue (else with 200 and `{}`), components from a table, and remembers what it saw."""

    def __init__(self, sandbox: SandboxPool | None) -> None:
        self._sandbox = sandbox
        self.requests: list[HttpRequest] = []
        self.answers: list[HttpResponse | LogicError] = []
        self.components: dict[str, Program] = {}
        self.calls: list[ComponentCall] = []
        self.gate: asyncio.Event | None = None
        self.asked = asyncio.Event()

    @property
    def sandbox(self) -> SandboxPool:
        assert self._sandbox is not None
        return self._sandbox

    async def http(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else json_answer({})
        if isinstance(answer, LogicError):
            raise answer
        request.on_data(len(answer.body))
        return answer

    async def component(self, scope: Scope, call: ComponentCall) -> tuple[Program, Scope]:
        self.calls.append(call)
        if call.name not in self.components:
            raise LogicError("not_found", f"There is no {call.kind} '{call.name}'.")
        return self.components[call.name], scope.nested(call.input, service=call.service)
