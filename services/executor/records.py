"""Finished executions as they are written down: measured, checked against their schema, without secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import orjson

from libs.common.contracts.catalog import ServiceGrant
from libs.common.contracts.identity import UserGrant
from libs.common.errors import ServiceError
from libs.runtime.components import CompiledComponent
from libs.runtime.host import RuntimeHost
from services.executor.models import Execution, Status, Target

Row: TypeAlias = tuple[Execution, bytes | None]
_ERROR_MEMBERS = ("path", "cause")


@dataclass(frozen=True, slots=True)
class Finished:
    """An execution that ended just now, as the hot path leaves it behind. `failure` is None when it succeeded."""

    id: str
    user: UserGrant
    service: ServiceGrant
    component: CompiledComponent
    host: RuntimeHost
    started_at: datetime
    duration_s: float
    input_json: bytes = field(repr=False)
    output_json: bytes = field(repr=False)
    output: Any = field(repr=False)
    failure: BaseException | None

    @property
    def size_bytes(self) -> int:
        return len(self.input_json) + len(self.output_json)


@dataclass(frozen=True, slots=True)
class Records:
    """Makes rows for the history; `with_payloads`: whether inputs and outputs are kept."""

    retention: timedelta
    with_payloads: bool

    def row(self, finished: Finished) -> Row:
        blotter = finished.host.blotter()
        finished_at = finished.started_at + timedelta(seconds=finished.duration_s)
        execution = Execution(
            id=finished.id,
            platform_id=finished.user.platform_id,
            user_row_id=finished.user.row_id,
            user_id=finished.user.user_id,
            target=_target(finished),
            status=Status.SUCCEEDED if finished.failure is None else Status.FAILED,
            started_at=finished.started_at,
            finished_at=finished_at,
            duration_ms=round(finished.duration_s * 1000, 3),
            input_size_bytes=len(finished.input_json),
            output_size_bytes=len(finished.output_json),
            expires_at=finished_at + self.retention,
            error=blotter.value(_error(finished.failure)),
            warnings=blotter.value(_warnings(finished)),
        )
        return execution, blotter.json(_payload(finished)) if self.with_payloads else None


def _target(finished: Finished) -> Target:
    grant = finished.component.grant
    return Target(
        kind=grant.kind.value,
        service_id=finished.service.id,
        service=finished.service.name,
        row_id=grant.row_id,
        identity=grant.identity,
        name=grant.name,
        version=grant.version,
    )


def _payload(finished: Finished) -> bytes:
    return orjson.dumps(
        {
            "input": orjson.Fragment(finished.input_json),
            "output": orjson.Fragment(finished.output_json or b"null"),
            "console": finished.host.console,
        }
    )


def _error(failure: BaseException | None) -> dict[str, Any] | None:
    """What the caller was told, or could have been told had the caller waited for it."""
    if failure is None:
        return None
    if not isinstance(failure, ServiceError):
        return {"code": "interrupted", "message": "The execution was cut off before it ended."}
    members = {name: value for name, value in failure.extra.items() if name in _ERROR_MEMBERS}
    return {"code": failure.code, "message": failure.message, **members}


def _warnings(finished: Finished) -> list[dict[str, str]]:
    """Where the output is not what the component's schema says."""
    validator = finished.component.content.output
    if finished.failure is not None or validator is None:
        return []
    return [{"path": each.path, "message": each.message} for each in validator.failures(finished.output)]
