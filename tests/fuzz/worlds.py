"""What random programs run in: a host that answers at random, and scopes with everything or with nothing in them."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import orjson

from libs.logic.budget import Budget, Meter
from libs.logic.errors import LogicError
from libs.logic.program import Program, compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import ComponentCall, Credential, HttpRequest, HttpResponse, Scope
from tests.fuzz.values import Values

BUDGET = Budget(wall_s=2.0, cpu_s=0.05, memory_bytes=16 << 20, nodes=3000, depth=8, output_bytes=64 << 10, http_calls=5)
SANDBOX_BUDGET = replace(BUDGET, wall_s=0.5, cpu_s=0.02)
CREDENTIAL = Credential(
    id="c1",
    name="main",
    token="secret-token",
    url="https://example.com",
    headers={"authorization": "Bearer secret-token"},
    query={"key": "secret-key"},
    hosts=("example.com", "*.example"),
    secrets={"token": "secret-token"},
)
_TEXTS = [f"text/plain; charset={name}" for name in ("utf-16", "utf-7", "unicode_escape", "undefined", "é", "big5")]

_BODIES = (b"\xff\xfe\x00", b"", b"x" * 5000, b"[" * 2000, b"[" + b"[]," * 30_000 + b"0]", b"+2AA-\\ud800")


def _call(name: str) -> dict[str, Any]:
    return {
        "@type": "action",
        "service": "other",
        "action": name,
        "input": {"@type": "reference", "operation": "source"},
    }


class World:
    """The host of one round, and what its scopes hold."""

    def __init__(self, rng: random.Random, values: Values, sandbox: SandboxPool | None) -> None:
        self._rng = rng
        self._values = values
        self._sandbox = sandbox
        self._components: dict[str, Program] = {
            "echo": compile_node({"@type": "reference", "operation": "source"}),
            "fails": compile_node({"@type": "fail", "code": "a", "message": "b"}),
            "again": compile_node([_call("again"), _call("echo")]),
        }

    @property
    def sandbox(self) -> SandboxPool:
        assert self._sandbox is not None
        return self._sandbox

    async def http(self, request: HttpRequest) -> HttpResponse:
        rng = self._rng
        if rng.random() < 0.1:
            raise LogicError(rng.choice(("timeout", "http_error", "egress_denied")), "The request failed.")
        kind = rng.choice(("application/json", *_TEXTS, "text/html", "image/png", ""))
        body = rng.choice((orjson.dumps(self._values.any()), *_BODIES))
        request.on_data(len(body))
        return HttpResponse(rng.choice((200, 204, 404, 500)), {"content-type": kind}, body)

    async def component(self, scope: Scope, call: ComponentCall) -> tuple[Program, Scope]:
        if call.name not in self._components:
            raise LogicError("not_found", f"There is no {call.kind} '{call.name}'.")
        return self._components[call.name], scope.nested(call.input, service=call.service)

    def scope(self) -> Scope:
        """For one evaluation; with a new meter it does for another."""
        rng = self._rng
        full = rng.random() < 0.7
        return Scope(
            source=self._values.any(),
            host=self,
            meter=self.meter(),
            tenant=rng.choice(("a", "b", "")),
            user={"id": "u1", "email": None, "name": "Ada"} if full else None,
            credential=CREDENTIAL if full else None,
            credential_error=None if full else LogicError("credential_required", "There is none."),
            variables={"key": "secret-variable", "number": 1} if full else {},
            missing_variables=frozenset() if full else frozenset({"key"}),
            query={"a": "b"},
            notification=self._values.any(),
            state=self._values.any(),
            webhook_url="https://hooks.example/a" if full else None,
            webhook_secret="secret-of-a-hook" if full else None,
            steps={"first": self._values.any()},
        )

    def meter(self, budget: Budget = BUDGET) -> Meter:
        return Meter(budget, asyncio.get_running_loop().time())
