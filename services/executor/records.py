"""Finished executions as they are written down: measured, checked against their schema, without secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import orjson

from libs.common.errors import ServiceError
from libs.runtime.host import RuntimeHost
from services.executor.models import Asker, Execution, Status
from services.executor.subjects import Subject

Row: TypeAlias = tuple[Execution, bytes | None]
_ERROR_MEMBERS = ("path", "cause")


@dataclass(frozen=True, slots=True)
class Finished:
    """An execution that ended just now, as the hot path leaves it behind. `failure` is None when it succeeded."""

    id: str
    asker: Asker
    subject: Subject
    host: RuntimeHost
    started_at: datetime
    duration_s: float
    input_json: bytes = field(repr=False)
    output_json: bytes = field(repr=False)
    value: Any = field(repr=False)
    """What came out of the logic, before it was made the output."""
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
        user = finished.asker.user
        finished_at = finished.started_at + timedelta(seconds=finished.duration_s)
        execution = Execution(
            id=finished.id,
            platform_id=finished.asker.platform_id,
            user_row_id=user.row_id if user is not None else None,
            user_id=user.user_id if user is not None else None,
            target=finished.subject.target(),
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


def _payload(finished: Finished) -> bytes:
    return orjson.dumps(
        {
            "input": orjson.Fragment(finished.input_json),
            "output": orjson.Fragment(finished.output_json or b"null"),
            "console": finished.host.console.lines,
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
    """Where the output is not what was declared."""
    if finished.failure is not None:
        return []
    return [{"path": each.path, "message": each.message} for each in finished.subject.mismatches(finished.value)]
