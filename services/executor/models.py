"""What executor is asked for, and what it keeps: executions, as they ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from libs.common.contracts.catalog import Kind
from libs.common.contracts.identity import UserGrant


class Status(StrEnum):
    """How an execution ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf something is executed; without a user the platform itself acts."""

    platform_id: str
    user: UserGrant | None


@dataclass(frozen=True, slots=True)
class ComponentRequest:
    """A component to execute, as a client names it. `credentials` are for nested calls, by service."""

    kind: Kind
    service: str
    name: str
    input: dict[str, Any]
    service_version: str | None = None
    version: str | None = None
    credential_id: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    input_path: str = ""
    """Where the input stands in the request's body."""


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """Logic that a client wrote itself; `credentials` are for what its calls call, by service."""

    node: dict[str, Any] | list[Any]
    credentials: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """The variables of an action to refresh: the entries chosen so far, and the title of the one needed next."""

    service: str
    action: str
    steps: list[dict[str, Any]]
    target: str
    credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class LogicTest:
    """A place in a row's logic to run; without `kind` the row is a service version. `data` is the hook's input."""

    kind: Kind | None
    row_id: str
    path: tuple[str | int, ...]
    path_member: str
    """The member of the body in which the path came."""
    data: Any
    state: Any = None
    credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What was executed, by its names and ids at that time. A node of a request has a name only: its `@type`."""

    kind: str
    name: str
    hook: str | None = None
    service_id: str | None = None
    service: str | None = None
    row_id: str | None = None
    identity: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution. `error` and `warnings` hold no secret; input and output are kept apart."""

    id: str
    platform_id: str
    user_row_id: str | None
    user_id: str | None
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
