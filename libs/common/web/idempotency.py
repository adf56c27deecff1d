"""`Idempotency-Key`: the same request again within a day answers the first answer again.

A record is leased while its request runs. Ids made under it follow from the record, so that after a crash the
next caller finishes the same work; where an effect may have left the product, it is told `outcome_unknown`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from libs.common.clock import Clock
from libs.common.errors import Conflict, ServiceError, invalid
from libs.common.ids import derived_id, seeded
from libs.common.sealing import Sealer
from libs.common.store.port import Collection, Document, Documents, DuplicateKey, RevisionConflict, with_fields
from libs.common.web.problems import problem
from libs.common.web.routes import ANSWER_HEADERS, ApiRequest, Route

_LEASE = timedelta(seconds=90)
_KEPT = timedelta(hours=24)
_MAX_KEY_LENGTH = 255
_KEY = re.compile(rf"[\x20-\x7e]{{1,{_MAX_KEY_LENGTH}}}\Z")
_NOT_KEPT = 500
_FIELD = "answer"


def collection_spec(service: str) -> Collection:
    """Where a service keeps its answers."""
    return Collection(f"{service}.idempotency", {"leased_until": "time", "expires_at": "time"}, expires="expires_at")


class IdempotentAnswers:
    """The kept answers of one service."""

    def __init__(self, documents: Documents, sealer: Sealer, clock: Clock) -> None:
        self._documents = documents
        self._sealer = sealer
        self._clock = clock

    async def once(
        self,
        key: str,
        asked: ApiRequest,
        route: Route,
        produce: Callable[[], Awaitable[web.Response]],
        *,
        key_id: str,
        raw: bytes,
    ) -> web.Response:
        """The kept answer, or what `produce` answers now. Raises Conflict as the module says."""
        if not _KEY.match(key):
            raise invalid("Idempotency-Key", f"give 1 to {_MAX_KEY_LENGTH} printable ASCII characters")
        id = derived_id(key_id, key, asked.raw.method, asked.raw.path_qs)
        record = await self._begin(id, hashlib.sha256(raw).hexdigest(), route)
        if "status" in record.body:
            return await self._replay(record, asked)
        try:
            with seeded(id):
                response = await produce()
        except ServiceError as error:
            if error.status >= _NOT_KEPT:
                await self._give_up(record)
                raise
            response = problem(error, asked.request_id)
        except Exception:
            await self._give_up(record)
            raise
        await (self._give_up(record) if response.status >= _NOT_KEPT else self._keep(record, response, asked))
        return response

    async def _begin(self, id: str, fingerprint: str, route: Route) -> Document:
        """A leased record to work under, or one with the answer that was kept."""
        now = self._clock.now()
        fields = {"leased_until": now + _LEASE, "expires_at": now + _KEPT}
        fresh = Document(id, fields, body={"fingerprint": fingerprint})
        while True:
            try:
                return await self._documents.insert(fresh)
            except DuplicateKey:
                record = await self._documents.get(id, payload=True)
            if record is not None:  # else the first request failed just now, and its record is gone
                return await self._resume(record, fingerprint, route)

    async def _resume(self, record: Document, fingerprint: str, route: Route) -> Document:
        if record.body["fingerprint"] != fingerprint:
            raise Conflict(
                "idempotency_key_reused", "Idempotency-Key: this key came before with another body; use a new one."
            )
        return record if "status" in record.body else await self._take_over(record, route)

    async def _take_over(self, record: Document, route: Route) -> Document:
        leased_until = record.fields["leased_until"]
        now = self._clock.now()
        if not _lapsed(leased_until, now):
            raise _running()
        if route.effect:
            raise Conflict(
                "outcome_unknown",
                "Idempotency-Key: the first request was cut off and may have had its effect; "
                "look at the executions before sending it again under a new key.",
            )
        try:
            return await self._documents.update(with_fields(record, leased_until=now + _LEASE))
        except RevisionConflict:
            raise _running() from None

    async def _keep(self, record: Document, response: web.Response, asked: ApiRequest) -> None:
        content = response.body if isinstance(response.body, bytes) else b""
        platform_id = asked.platform_id
        sealed = await self._sealer.seal(platform_id, content, owner=platform_id, row_id=record.id, field=_FIELD)
        headers = {"Content-Type": response.headers.get("Content-Type", ""), **asked.raw.get(ANSWER_HEADERS, {})}
        body = {**record.body, "status": response.status, "headers": headers}
        with suppress(RevisionConflict):  # the lease lapsed and another caller took over: the answer is theirs to keep
            await self._documents.update(replace(record, body=body, payload=sealed.encode()))

    async def _give_up(self, record: Document) -> None:
        """Lets the next caller begin anew, unless one has taken over meanwhile."""
        with suppress(RevisionConflict):
            await self._documents.delete(record.id, revision=record.revision)

    async def _replay(self, record: Document, asked: ApiRequest) -> web.Response:
        content = await self._sealer.open(
            asked.platform_id, (record.payload or b"").decode(), owner=asked.platform_id, row_id=record.id, field=_FIELD
        )
        headers = {
            **record.body["headers"],
            "x-request-id": asked.request_id,
            "idempotent-replayed": "true",
        }
        return web.Response(status=record.body["status"], body=content, headers=headers)


def _lapsed(leased_until: Any, now: Any) -> bool:
    return bool(leased_until <= now)


def _running() -> Conflict:
    return Conflict(
        "request_in_progress", "Idempotency-Key: the first request still runs; ask again shortly.", retry_after_s=1
    )
