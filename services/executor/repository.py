"""Executor's documents: executions by platform, user, status and start; input and output as their payload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import orjson

from libs.common.store.port import Collection, Document, Index, RevisionConflict, Sort, Store, Value
from libs.common.web.paging import Page, page_of
from services.executor.models import Execution, Payload, Status, Target

EXECUTIONS = Collection(
    "executor.executions",
    {
        "platform_id": "text",
        "user_row_id": "text",
        "status": "text",
        "started_at": "time",
        "expires_at": "time",
    },
    (
        Index(("platform_id", "started_at")),
        Index(("platform_id", "user_row_id", "started_at")),
        Index(("platform_id", "status", "started_at")),
    ),
    expires="expires_at",
)
_NEWEST_FIRST = (Sort("started_at", descending=True),)


class ExecutionRepository:
    """Executions, always within a platform."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(EXECUTIONS)

    async def add(self, rows: Sequence[tuple[Execution, bytes | None]]) -> None:
        """Keeps them in one write. The same id again is the same execution, run anew: the later row counts."""
        documents = [_document(execution, payload) for execution, payload in rows]
        inserted = {document.id for document in await self._documents.insert_many(documents)}
        for document in documents:
            if document.id not in inserted:
                await self._replace(document)

    async def by_id(self, platform_id: str, id: str) -> tuple[Execution, Payload] | None:
        document = await self._documents.get(id, payload=True)
        if document is None or document.fields["platform_id"] != platform_id:
            return None
        payload = Payload(**orjson.loads(document.payload)) if document.payload else Payload()
        return _execution(document), payload

    async def page(
        self, platform_id: str, user_row_id: str | None, status: Status | None, page: Page
    ) -> tuple[list[Execution], str | None]:
        where: dict[str, Value] = {"platform_id": platform_id}
        if user_row_id is not None:
            where["user_row_id"] = user_row_id
        if status is not None:
            where["status"] = status.value
        found = await self._documents.find(where, order=_NEWEST_FIRST, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _NEWEST_FIRST)
        return [_execution(document) for document in documents], following

    async def _replace(self, document: Document) -> None:
        stored = await self._documents.get(document.id)
        if stored is None or stored.fields["platform_id"] != document.fields["platform_id"]:
            return
        try:
            await self._documents.update(replace(document, revision=stored.revision))
        except RevisionConflict:
            return  # somebody else replaced it just now, with the same execution


def _document(execution: Execution, payload: bytes | None) -> Document:
    fields: dict[str, Value] = {
        "platform_id": execution.platform_id,
        "user_row_id": execution.user_row_id,
        "status": execution.status.value,
        "started_at": execution.started_at,
        "expires_at": execution.expires_at,
    }
    body = {
        "user_id": execution.user_id,
        "target": {name: getattr(execution.target, name) for name in Target.__slots__},
        "finished_at": execution.finished_at.isoformat(),
        "duration_ms": execution.duration_ms,
        "input_size_bytes": execution.input_size_bytes,
        "output_size_bytes": execution.output_size_bytes,
        "error": execution.error,
        "warnings": execution.warnings,
    }
    return Document(execution.id, fields, body, payload)


def _execution(document: Document) -> Execution:
    fields, body = cast("dict[str, Any]", document.fields), document.body
    return Execution(
        id=document.id,
        platform_id=fields["platform_id"],
        user_row_id=fields["user_row_id"],
        user_id=body["user_id"],
        target=Target(**body["target"]),
        status=Status(fields["status"]),
        started_at=fields["started_at"],
        finished_at=datetime.fromisoformat(body["finished_at"]),
        duration_ms=body["duration_ms"],
        input_size_bytes=body["input_size_bytes"],
        output_size_bytes=body["output_size_bytes"],
        expires_at=fields["expires_at"],
        error=body["error"],
        warnings=body["warnings"],
    )
