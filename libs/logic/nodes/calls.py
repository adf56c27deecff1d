"""The `action` and `condition` nodes: another component's logic under the same meter, or a function of `core`."""

from typing import Any, Literal

from libs.logic.compiler import Compiler, ComponentName, Node
from libs.logic.errors import LogicError, Path
from libs.logic.nodes.functions import CORE, compile_function
from libs.logic.pieces import Constant, Evaluate, Piece, Waiting, as_evaluate
from libs.logic.scope import Bound, ComponentCall, Scope
from libs.logic.turns import give_way
from libs.logic.values import truthy

Kind = Literal["action", "condition"]


def compile_action(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    called = _compiled(compiler, "action", node, path, depth)
    return Constant(None) if called is None else Waiting(called)


def compile_condition(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    called = _compiled(compiler, "condition", node, path, depth)
    if called is None:
        return Constant(None)

    async def evaluate(scope: Scope) -> bool:
        return truthy(await called(scope))

    return Waiting(evaluate)


def _compiled(compiler: Compiler, kind: Kind, node: Node, path: Path, depth: int) -> Evaluate | None:
    optional = ("serviceVersion", f"{kind}Version", "input", "userCredentialId")
    compiler.members(node, path, required=("service", kind), optional=optional)
    name = _name(compiler, kind, node, path)
    source = compiler.part(node, "input", path, depth)
    credential_id = as_evaluate(compiler.part(node, "userCredentialId", path, depth))
    if name is None:
        return None
    if name.service == CORE:
        return compile_function(compiler, name, node, source)
    compiler.calls.append(name)
    return _call(name, compiler.bound.get(name.key), as_evaluate(source), credential_id)


def _name(compiler: Compiler, kind: Kind, node: Node, path: Path) -> ComponentName | None:
    service = compiler.text(node, "service", path)
    name = compiler.text(node, kind, path)
    service_version = compiler.text(node, "serviceVersion", path, optional=True)
    version = compiler.text(node, f"{kind}Version", path, optional=True)
    if service is None or name is None:
        return None
    return ComponentName(path, kind, service, service_version, name, version)


def _call(name: ComponentName, bound: Bound | None, source: Evaluate, credential_id: Evaluate) -> Evaluate:
    async def evaluate(scope: Scope) -> Any:
        call = ComponentCall(
            kind=name.kind,
            service=name.service,
            name=name.name,
            service_version=name.service_version,
            version=name.version,
            input=_object(await source(scope), name.path),
            user_credential_id=_id_text(await credential_id(scope), name.path),
            bound=bound,
        )
        return await _called(scope, call, name.path)

    return evaluate


def _object(value: Any, path: Path) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise LogicError("invalid_input", "'input' must be an object.", path=(*path, "input"))


def _id_text(value: Any, path: Path) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise LogicError("invalid_input", "'userCredentialId' must be a text.", path=(*path, "userCredentialId"))


async def _called(scope: Scope, call: ComponentCall, path: Path) -> Any:
    await give_way(scope.meter)
    entering = scope.entering(f"{call.service}/{call.name}")
    try:
        scope.meter.nest(entering.chain)
        program, nested = await scope.host.component(entering, call)
    except LogicError as error:
        raise error.at(path) from None
    try:
        return await program.execute(nested)
    except LogicError as error:
        raise _from_within(error, call, path) from error


def _from_within(error: LogicError, call: ComponentCall, path: Path) -> LogicError:
    """The nested component's error as seen from here: our path, and its own place among the details."""
    within: dict[str, Any] = {"service": call.service, call.kind: call.name, "path": list(error.path)}
    if "within" in error.details:
        within["within"] = error.details["within"]
    return LogicError(error.code, error.message, path=path, details=error.details | {"within": within})
