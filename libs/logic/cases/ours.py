"""A case as this implementation evaluates it: the host answers what the case's context says."""

import time
from typing import Any

import orjson

from libs.logic.budget import Budget, Meter
from libs.logic.cases import Case
from libs.logic.errors import InvalidLogic, LogicError
from libs.logic.program import Program, compile_node
from libs.logic.scope import ComponentCall, Credential, HttpRequest, HttpResponse, Sandbox, Scope

_BUDGETS = {
    "wall": "wall_s",
    "cpu": "cpu_s",
    "memory": "memory_bytes",
    "nodes": "nodes",
    "depth": "depth",
    "output": "output_bytes",
    "httpCalls": "http_calls",
    "response": "response_bytes",
    "data": "data_bytes",
}


class CaseHost:
    """Answers requests in the order in which the case lists answers, and calls of components from its tables."""

    def __init__(self, context: dict[str, Any], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._answers = [_answer(each) for each in context.get("http", [])]
        self._programs = {
            kind: {name: compile_node(node) for name, node in context.get(f"{kind}s", {}).items()}
            for kind in ("action", "condition")
        }

    async def http(self, request: HttpRequest) -> HttpResponse:
        if not self._answers:
            raise LogicError("http_error", "The case has no answer left.")
        answer = self._answers.pop(0) or HttpResponse(200, _JSON, orjson.dumps(_told(request)))
        request.on_data(len(answer.body))
        return answer

    async def component(self, scope: Scope, call: ComponentCall) -> tuple[Program, Scope]:
        program = self._programs[call.kind].get(f"{call.service}/{call.name}")
        if program is None:
            raise LogicError("not_found", f"The case has no {call.kind} {call.service}/{call.name}.")
        return program, scope.nested(call.input)


async def outcome(case: Case, sandbox: Sandbox) -> dict[str, Any]:
    """`{result}` or `{error: {code, path, …}}`."""
    try:
        program = compile_node(case.node)
        return {"result": await program.evaluate(_scope(case.context, sandbox))}
    except InvalidLogic as invalid:
        return {"error": {"code": "invalid_logic", "path": list(invalid.problems[0].path)}}
    except LogicError as error:
        return {"error": {"code": error.code, "path": list(error.path), "message": error.message, **_cause(error)}}


_JSON = {"content-type": "application/json"}


def _scope(context: dict[str, Any], sandbox: Sandbox) -> Scope:
    budget = Budget(**{_BUDGETS[name]: value for name, value in context.get("budget", {}).items()})
    credential = context.get("credential")
    return Scope(
        source=context.get("source"),
        host=CaseHost(context, sandbox),
        meter=Meter(budget, time.monotonic()),
        user=context.get("user"),
        credential=None if credential is None else Credential(id="1", **credential),
        variables=context.get("variables", {}),
        missing_variables=frozenset(context.get("missingVariables", [])),
        query=context.get("query", {}),
        notification=context.get("notification"),
        state=context.get("state"),
        steps=context.get("steps", {}),
        webhook_url=context.get("webhookUrl"),
        webhook_secret=context.get("webhookSecret"),
    )


def _answer(given: dict[str, Any]) -> HttpResponse | None:
    """None for a request that is to be answered with what it was."""
    if given == {"echo": True}:
        return None
    if "json" in given:
        return HttpResponse(int(given["status"]), _JSON, orjson.dumps(given["json"]))
    return HttpResponse(int(given["status"]), given.get("headers", {}), str(given.get("text", "")).encode())


def _told(request: HttpRequest) -> dict[str, Any]:
    body = None if request.body is None else request.body.decode("utf-8", "replace")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return {"method": request.method, "url": request.url, "headers": headers, "body": body}


def _cause(error: LogicError) -> dict[str, Any]:
    names = {"budget": "budget", "status": "status", "code": "authorCode", "script_line": "line"}
    return {told: error.details[name] for name, told in names.items() if name in error.details}
