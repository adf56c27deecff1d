"""The `reference` node: values that are there already, so reading one never waits."""

from collections.abc import Callable
from typing import Any

from libs.logic.compiler import Compiler, Node, StepName, VariableName
from libs.logic.errors import LogicError, Path
from libs.logic.pieces import Constant, Piece, Ready, Run
from libs.logic.scope import Credential, Scope
from libs.logic.values import DEEPEST, Steps, walk


def compile_reference(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    name = node.get("category") if "category" in node else node.get("operation")
    table = _CATEGORIES if "category" in node else _OPERATIONS
    compile_one = table.get(name) if isinstance(name, str) else None
    if compile_one is None:
        compiler.problem(path, _not_known(node))
        return Constant(None)
    run = compile_one(compiler, node, path)
    return Constant(None) if run is None else Ready(run)


def _not_known(node: Node) -> str:
    if "category" in node:
        return f"'category' must be one of {_listed(_CATEGORIES)}."
    if "operation" in node:
        return f"{node['operation']!r:.60} is not a reference operation; this version knows {_listed(_OPERATIONS)}."
    return f"'reference' needs 'operation' ({_listed(_OPERATIONS)}) or 'category' ({_listed(_CATEGORIES)})."


def _listed(table: "dict[str, _Compile]") -> str:
    return ", ".join(f"'{name}'" for name in table)


def _source(compiler: Compiler, node: Node, path: Path) -> Run | None:
    steps = _steps(compiler, node, path)
    if len(steps) == 0:
        return lambda scope: scope.source
    if len(steps) > 1 or not isinstance(steps[0], str):
        return lambda scope: walk(scope.source, steps)
    name = steps[0]

    def member(scope: Scope) -> Any:
        source = scope.source
        return source.get(name) if type(source) is dict else walk(source, steps)

    return member


def _item(compiler: Compiler, node: Node, path: Path) -> Run | None:
    steps = _steps(compiler, node, path)
    if not compiler.has_item:
        compiler.problem(path, "'item' has a meaning only in 'do' of 'repeat' and in 'catch' of 'try'.")
    return lambda scope: walk(scope.item, steps)


def _step(compiler: Compiler, node: Node, path: Path) -> Run | None:
    compiler.members(node, path, required=("operation", "step"), optional=("path",))
    name = compiler.text(node, "step", path) or ""
    compiler.steps.append(StepName((*path, "step"), name))
    steps = _path_steps(compiler, node, path)
    return lambda scope: walk(scope.steps.get(name), steps)


def _state(compiler: Compiler, node: Node, path: Path) -> Run | None:
    steps = _steps(compiler, node, path)
    return lambda scope: walk(scope.state, steps)


def _user(compiler: Compiler, node: Node, path: Path) -> Run | None:
    compiler.uses_user = True
    steps = _steps(compiler, node, path)
    return lambda scope: walk(dict(scope.user) if scope.user is not None else None, steps)


def _token(compiler: Compiler, node: Node, path: Path) -> Run | None:
    compiler.uses_credential = True
    steps = _steps(compiler, node, path)
    return lambda scope: walk(credential_members(needed_credential(scope, path)), steps)


def _variable(compiler: Compiler, node: Node, path: Path) -> Run | None:
    compiler.uses_variables = True
    compiler.members(node, path, required=("operation", "variable"), optional=())
    name = compiler.text(node, "variable", path) or ""
    compiler.variables.append(VariableName((*path, "variable"), name))

    def run(scope: Scope) -> Any:
        if name in scope.missing_variables:
            raise missing_variables([name]).at(path)
        return scope.variables.get(name)

    return run


def _webhook_url(compiler: Compiler, node: Node, path: Path) -> Run | None:
    compiler.members(node, path, required=("category",), optional=())
    return lambda scope: scope.webhook_url


def _webhook_secret(compiler: Compiler, node: Node, path: Path) -> Run | None:
    compiler.members(node, path, required=("category",), optional=())
    return lambda scope: scope.webhook_secret


_Compile = Callable[[Compiler, Node, Path], Run | None]

_OPERATIONS: dict[str, _Compile] = {
    "source": _source,
    "platformServiceVariable": _variable,
    "token": _token,
    "user": _user,
    "step": _step,
    "item": _item,
    "state": _state,
}

_CATEGORIES: dict[str, _Compile] = {
    "webhookService": _webhook_url,
    "webhookSecret": _webhook_secret,
}


def _steps(compiler: Compiler, node: Node, path: Path) -> Steps:
    compiler.members(node, path, required=("operation",), optional=("path",))
    return _path_steps(compiler, node, path)


def _path_steps(compiler: Compiler, node: Node, path: Path) -> Steps:
    steps = node.get("path", [])
    if isinstance(steps, list) and len(steps) <= DEEPEST and all(type(step) in (str, int) for step in steps):
        return tuple(steps)
    compiler.problem((*path, "path"), f"'path' must be a list of at most {DEEPEST} member names and positions.")
    return ()


def credential_members(credential: Credential) -> dict[str, str | None]:
    return {
        "token": credential.token,
        "token_name": credential.name,
        "url": credential.url,
        "virtual": credential.virtual,
    }


def needed_credential(scope: Scope, path: Path) -> Credential:
    if scope.credential is None:
        raise missing_credential(scope).at(path)
    return scope.credential


def missing_credential(scope: Scope) -> LogicError:
    if scope.credential_error is not None:
        known = scope.credential_error
        return LogicError(known.code, known.message, path=known.path, details=known.details)
    return LogicError("credential_required", "This needs a credential of the user, and none is in use.")


def missing_variables(names: list[str]) -> LogicError:
    told = ", ".join(f"'{name}'" for name in names)
    return LogicError(
        "variable_missing",
        f"The service's required variable {told} has no value; set it for this platform.",
        details={"variables": names},
    )
