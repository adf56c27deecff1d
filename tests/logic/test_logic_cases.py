"""Runs the public case files: each states a node, what surrounds it, and its result or error."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from libs import logic
from libs.logic.errors import InvalidLogic, LogicError
from libs.logic.program import compile_node
from libs.logic.sandbox.pool import SandboxPool
from libs.logic.scope import Credential, HttpResponse, Scope
from tests.logic.fake_host import FakeHost, json_answer

CASES = {
    file.stem: orjson.loads(file.read_bytes()) for file in sorted((Path(logic.__path__[0]) / "cases").glob("*.json"))
}


def answer_of(given: dict[str, Any]) -> HttpResponse:
    if "json" in given:
        return json_answer(given["json"], int(given["status"]))
    return HttpResponse(int(given["status"]), given.get("headers", {}), str(given.get("text", "")).encode())


def host_of(context: dict[str, Any], pool: SandboxPool) -> FakeHost:
    host = FakeHost(pool)
    host.answers = [answer_of(answer) for answer in context.get("http", [])]
    host.components = {name.split("/")[1]: compile_node(node) for name, node in context.get("actions", {}).items()}
    return host


def scope_of(context: dict[str, Any], host: FakeHost, make_scope: Callable[..., Scope]) -> Scope:
    credential = context.get("credential")
    if credential is not None:
        credential = Credential(id="1", **{**credential, "hosts": credential.get("hosts")})
    return make_scope(
        context.get("source"),
        host=host,
        user=context.get("user"),
        credential=credential,
        variables=context.get("variables", {}),
        missing_variables=frozenset(context.get("missingVariables", [])),
        query=context.get("query", {}),
        notification=context.get("notification"),
        state=context.get("state"),
        webhook_url=context.get("webhookUrl"),
        webhook_secret=context.get("webhookSecret"),
    )


async def outcome(case: dict[str, Any], pool: SandboxPool, make_scope: Callable[..., Scope]) -> dict[str, Any]:
    host = host_of(case["context"], pool)
    try:
        program = compile_node(case["node"])
        return {"result": await program.evaluate(scope_of(case["context"], host, make_scope))}
    except InvalidLogic as invalid:
        return {"error": {"code": "invalid_logic", "path": list(invalid.problems[0].path)}}
    except LogicError as error:
        return {"error": {"code": error.code, "path": list(error.path)}}


@pytest.mark.parametrize("group", CASES)
async def test_every_case_of_the_file_holds(group: str, pool: SandboxPool, make_scope: Callable[..., Scope]) -> None:
    cases = CASES[group]
    expected = {case["name"]: {key: case[key] for key in ("result", "error") if key in case} for case in cases}
    assert len(expected) == len(cases) > 0
    assert {case["name"]: await outcome(case, pool, make_scope) for case in cases} == expected
