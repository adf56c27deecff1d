"""The `action` node: another component's logic, found by the host and run under the same meter."""

from typing import Any

from libs.logic.compiler import ActionName, Compiler, Node
from libs.logic.errors import LogicError, Path
from libs.logic.pieces import Constant, Piece, Waiting, as_evaluate
from libs.logic.scope import ActionCall, Scope

_OPTIONAL = ("serviceVersion", "actionVersion", "input", "userCredentialId")


def compile_action(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    complete = compiler.members(node, path, required=("service", "action"), optional=_OPTIONAL)
    source = as_evaluate(compiler.member(node, "input", path, depth) or Constant(None))
    credential_id = as_evaluate(compiler.member(node, "userCredentialId", path, depth) or Constant(None))
    name = _name(compiler, node, path)
    if not complete or name is None:
        return Constant(None)
    compiler.actions.append(name)

    async def evaluate(scope: Scope) -> Any:
        call = ActionCall(
            service=name.service,
            action=name.action,
            service_version=name.service_version,
            action_version=name.action_version,
            input=await source(scope),
            user_credential_id=_id_text(await credential_id(scope), path),
        )
        return await _called(scope, call, path)

    return Waiting(evaluate)


def _name(compiler: Compiler, node: Node, path: Path) -> ActionName | None:
    service = compiler.text(node, "service", path)
    action = compiler.text(node, "action", path)
    service_version = compiler.text(node, "serviceVersion", path)
    action_version = compiler.text(node, "actionVersion", path)
    if service is None or action is None:
        return None
    return ActionName(path, service, service_version, action, action_version)


def _id_text(value: Any, path: Path) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise LogicError("invalid_input", "'userCredentialId' must be a text.", path=(*path, "userCredentialId"))


async def _called(scope: Scope, call: ActionCall, path: Path) -> Any:
    entering = scope.entering(f"{call.service}/{call.action}")
    try:
        scope.meter.nest(entering.chain)
        program, nested = await scope.host.action(entering, call)
    except LogicError as error:
        raise error.at(path) from None
    try:
        return await program.execute(nested)
    except LogicError as error:
        raise _from_within(error, call, path) from error


def _from_within(error: LogicError, call: ActionCall, path: Path) -> LogicError:
    """The nested action's error as seen from here: our path, and its own place among the details."""
    within = {"service": call.service, "action": call.action, "path": list(error.path)}
    if "within" in error.details:
        within["within"] = error.details["within"]
    return LogicError(error.code, error.message, path=path, details=error.details | {"within": within})
