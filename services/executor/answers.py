"""Executor's answers on the wire: executions as they are listed and read, and what executing answers."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.web.answers import Timestamp
from services.executor.models import Execution, Payload, Status


class ExecutionRow(TypedDict):
    """An execution, as it stands in lists."""

    id: str
    kind: str
    status: Status
    userId: str | None
    name: str
    hook: str | None
    service: str | None
    serviceId: str | None
    componentId: str | None
    rowId: str | None
    version: str | None
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


class Asked(TypedDict):
    """What a condition was asked with, and its answer."""

    input: Any
    output: bool


class Variables(TypedDict):
    """Variables in their order; `x-choices` is what one can be chosen from."""

    variables: list[dict[str, Any]]


class Refreshed(TypedDict):
    """What was chosen so far, and the variables as they are now."""

    input: Any
    output: Variables


def execution_row(execution: Execution) -> ExecutionRow:
    """An execution as it stands in lists."""
    target = execution.target
    return {
        "id": execution.id,
        "kind": target.kind,
        "status": execution.status,
        "userId": execution.user_id,
        "name": target.name,
        "hook": target.hook,
        "service": target.service,
        "serviceId": target.service_id,
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
