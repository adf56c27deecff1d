"""The `script` node: an author's JavaScript, run in a sandbox process."""

from collections.abc import Callable
from typing import Any

import orjson

from libs.logic.compiler import Compiler, Node, ScriptSource
from libs.logic.errors import LogicError, Path
from libs.logic.nodes.references import credential_members, missing_credential, missing_variables
from libs.logic.pieces import Constant, Evaluate, Piece, Waiting, as_evaluate
from libs.logic.sandbox import libraries
from libs.logic.sandbox.job import CREDENTIAL_FAULT, Job
from libs.logic.scope import Scope
from libs.logic.script_requests import send

_CREDENTIAL_WORDS = ("service", "connector")


def compile_script(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("script",), optional=("language", "input"))
    if node.get("language", "javascript") != "javascript":
        compiler.problem((*path, "language"), "'language' must be 'javascript'.")
    text = compiler.text(node, "script", path)
    given = compiler.member(node, "input", path, depth)
    if text is None:
        return Constant(None)
    compiler.scripts.append(ScriptSource((*path, "script"), text))
    compiler.uses_credential |= any(word in text for word in _CREDENTIAL_WORDS)
    compiler.uses_variables |= "vars" in text
    return Waiting(_evaluation(text, as_evaluate(given) if given else _whole_source, path))


async def _whole_source(scope: Scope) -> Any:
    return scope.source


def _evaluation(text: str, given: Evaluate, path: Path) -> Evaluate:
    script = text.encode("utf-8", "replace")
    needed = libraries.needed_by(text)
    arguments_of = _arguments(text)
    with_variables = "vars" in text

    async def evaluate(scope: Scope) -> Any:
        if with_variables and scope.missing_variables:
            raise missing_variables(sorted(scope.missing_variables)).at(path)
        arguments = arguments_of(scope, await given(scope))
        unusable = "service" in arguments and scope.credential is None and scope.credential_error is not None
        try:
            job = _job(script, arguments, scope)
            job.libraries = needed | (libraries.WITHOUT_CREDENTIAL if unusable else 0)
            return await scope.host.sandbox.run(job)
        except LogicError as error:
            raise error.at(path) from None

    return evaluate


def _arguments(text: str) -> Callable[[Scope, Any], dict[str, Any]]:
    """What a script sees; what its text doesn't mention is not sent along."""
    with_service = any(word in text for word in _CREDENTIAL_WORDS)
    with_variables = "vars" in text
    with_notification = "notification" in text
    with_state = "state" in text

    def arguments(scope: Scope, data: Any) -> dict[str, Any]:
        told: dict[str, Any] = {"input": {"data": data, "query": dict(scope.query)}}
        if with_service:
            told["service"] = _service(scope, with_variables)
        if with_notification:
            told["notification"] = scope.notification
        if with_state:
            told["state"] = scope.state
        return told

    return arguments


def _service(scope: Scope, with_variables: bool) -> dict[str, Any]:
    used = scope.credential
    shown = credential_members(used) if used else dict.fromkeys(("token", "token_name", "url", "virtual"))
    return {**shown, "vars": dict(scope.variables) if with_variables else {}, "fn": {}}


def _job(script: bytes, arguments: dict[str, Any], scope: Scope) -> Job:
    try:
        sent = orjson.dumps(arguments)
    except orjson.JSONEncodeError as error:
        raise LogicError("invalid_input", f"The script's input can't be written as JSON: {error}.") from None
    return Job(
        script=script,
        arguments=sent,
        meter=scope.meter,
        console=scope.console,
        answer=lambda call: send(call, scope),
        faults={CREDENTIAL_FAULT: missing_credential(scope)},
        tenant=scope.tenant,
    )
