"""Executor's bodies on the wire: the action node that is executed, and executions as they are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import Field, with_config
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.errors import Detail, invalid, invalid_request
from libs.common.web.answers import Timestamp
from services.executor.models import ActionRequest, Execution, Payload, Status

Check: TypeAlias = Callable[[Any], str | None]
_LONGEST_NAME = 256


def _name(value: Any) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= _LONGEST_NAME:
        return None
    return f"must be a text of 1 to {_LONGEST_NAME} characters"


def _optional_name(value: Any) -> str | None:
    return None if value is None else _name(value)


def _kind(value: Any) -> str | None:
    return None if value == "action" else "must be 'action', the one kind of node that is executed here"


def _object(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict) else "must be an object"


def _named_ids(value: Any) -> str | None:
    named = value is None or (isinstance(value, dict) and not any(_name(id) for id in value.values()))
    return None if named else "must be an object of services' names or ids to the ids of credentials"


_REQUIRED: dict[str, Check] = {"@type": _kind, "service": _name, "action": _name}
_MEMBERS: dict[str, Check] = {
    **_REQUIRED,
    "serviceVersion": _optional_name,
    "service_version": _optional_name,
    "actionVersion": _optional_name,
    "action_version": _optional_name,
    "input": _object,
    "userCredentialId": _optional_name,
    "user_credential_id": _optional_name,
    "credentials": _named_ids,
}
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
ActionNode = TypedDict(
    "ActionNode",
    {
        "@type": Literal["action"],
        "service": Name,
        "action": Name,
        "serviceVersion": NotRequired[Name | None],
        "actionVersion": NotRequired[Name | None],
        "input": NotRequired[dict[str, Any] | None],
        "userCredentialId": NotRequired[Name | None],
        "credentials": NotRequired[dict[str, Name] | None],
    },
)
with_config(extra="forbid")(ActionNode)
_CAMEL = {name: to_camel(name) for name in _MEMBERS if "_" in name}


def parse_action_node(body: Any) -> ActionRequest:
    """Plain checks rather than a model, as this is on the way of every execution. Raises Invalid with all failures."""
    if not isinstance(body, dict):
        raise invalid("", "The body must be a JSON object.")
    details = [Detail(name, "required") for name in _REQUIRED if name not in body]
    for name, value in body.items():
        check = _MEMBERS.get(name)
        message = check(value) if check is not None else "unknown member; remove it"
        if message is None and _CAMEL.get(name) in body:
            message = "comes in camelCase and in snake_case; give it once"
        if message is not None:
            details.append(Detail(name, message))
    if details:
        raise invalid_request(details, "body")
    return ActionRequest(
        service=body["service"],
        action=body["action"],
        input=body.get("input") or {},
        service_version=body.get("serviceVersion", body.get("service_version")),
        action_version=body.get("actionVersion", body.get("action_version")),
        credential_id=body.get("userCredentialId", body.get("user_credential_id")),
        credentials=body.get("credentials") or {},
        input_path="input",
    )


def parse_status(text: str | None) -> Status | None:
    """Raises Invalid."""
    if text is None:
        return None
    try:
        return Status(text)
    except ValueError:
        raise invalid("status", f"give one of {', '.join(Status)}") from None


class ExecutionRow(TypedDict):
    """An execution, as it stands in lists."""

    id: str
    kind: str
    status: Status
    userId: str
    service: str
    serviceId: str
    name: str
    componentId: str
    rowId: str
    version: str
    startedAt: Timestamp
    finishedAt: Timestamp
    durationMs: float
    inputSize: int
    outputSize: int
    error: dict[str, Any] | None
    warnings: list[dict[str, str]]


class ExecutionDetail(ExecutionRow):
    """An execution with all that is known of it."""

    input: Any
    output: Any
    console: list[str]
    steps: list[dict[str, Any]]


class Executed(TypedDict):
    """What was executed with, and what came out."""

    input: Any
    output: Any


def execution_row(execution: Execution) -> ExecutionRow:
    """An execution as it stands in lists."""
    target = execution.target
    return {
        "id": execution.id,
        "kind": target.kind,
        "status": execution.status,
        "userId": execution.user_id,
        "service": target.service,
        "serviceId": target.service_id,
        "name": target.name,
        "componentId": target.identity,
        "rowId": target.row_id,
        "version": target.version,
        "startedAt": wire_time(execution.started_at),
        "finishedAt": wire_time(execution.finished_at),
        "durationMs": execution.duration_ms,
        "inputSize": execution.input_size_bytes,
        "outputSize": execution.output_size_bytes,
        "error": execution.error,
        "warnings": execution.warnings,
    }


def execution_detail(execution: Execution, payload: Payload) -> ExecutionDetail:
    """An execution with all that is known of it; an action runs in no steps."""
    return {
        **execution_row(execution),
        "input": payload.input,
        "output": payload.output,
        "console": payload.console,
        "steps": [],
    }
