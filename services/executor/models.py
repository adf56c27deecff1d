"""What executor is asked for, and what it keeps: executions, as they ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How an execution ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action to execute, as a client names it. `credentials` are for nested actions, by service."""

    service: str
    action: str
    input: dict[str, Any]
    service_version: str | None = None
    action_version: str | None = None
    credential_id: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    input_path: str = ""
    """Where the input stands in the request's body."""


@dataclass(frozen=True, slots=True)
class Target:
    """What was executed, by its names and ids at that time."""

    kind: str
    service_id: str
    service: str
    row_id: str
    identity: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a component. `error` and `warnings` hold no secret; input and output are kept apart."""

    id: str
    platform_id: str
    user_row_id: str
    user_id: str
    target: Target
    status: Status
    started_at: datetime
    finished_at: datetime
    duration_ms: float
    input_size_bytes: int
    output_size_bytes: int
    expires_at: datetime
    error: dict[str, Any] | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Payload:
    """Input, output and printed lines as they were recorded; empty where they were not."""

    input: Any = None
    output: Any = None
    console: list[str] = field(default_factory=list)
