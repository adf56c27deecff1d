"""Endpoints: made when they are first asked for, one per event and scope; closed with what they were made for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.webhooks import EndpointClosed
from libs.common.ids import new_id
from libs.common.sealing import Sealer
from libs.common.store.port import DuplicateKey, RevisionConflict
from services.webhooks.endpoints.models import Endpoint, new_handle, new_secret
from services.webhooks.endpoints.repository import EndpointRepository

_FIELD = "secret"
_KEPT_CLOSED = timedelta(hours=24)


class Endpoints:
    """The verbs on endpoints. `public_url` is how providers reach the engine."""

    def __init__(self, repository: EndpointRepository, sealer: Sealer, clock: Clock, *, public_url: str) -> None:
        self._repository = repository
        self._sealer = sealer
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    async def of(self, platform_id: str, service_id: str, event_id: str, scope: str) -> Endpoint:
        """The endpoint of this event and scope, made if there is none."""
        known = await self.known(platform_id, service_id, event_id, scope)
        if known is not None and not known.closed:
            return known
        try:
            if known is not None:
                return await self._reopened(known)
            return await self._repository.add(await self._new(platform_id, service_id, event_id, scope))
        except (DuplicateKey, RevisionConflict):  # somebody else was quicker
            return await self.of(platform_id, service_id, event_id, scope)

    async def known(self, platform_id: str, service_id: str, event_id: str, scope: str) -> Endpoint | None:
        """The endpoint of this event and scope, a closed one too."""
        return await self._repository.by_scope(platform_id, service_id, event_id, scope)

    async def by_state(self, platform_id: str, state: str) -> Endpoint | None:
        """The open endpoint of this handle."""
        endpoint = await self._repository.by_state(platform_id, state)
        return endpoint if endpoint is not None and not endpoint.closed else None

    def url(self, endpoint: Endpoint) -> str:
        return f"{self._public_url}/platform/{endpoint.platform_id}/webhook?state={endpoint.state}"

    async def secret(self, endpoint: Endpoint) -> str:
        opened = await self._sealer.open(
            endpoint.platform_id, endpoint.sealed_secret, owner=endpoint.service_id, row_id=endpoint.id, field=_FIELD
        )
        return opened.decode()

    async def close_service(self, service_id: str, event_id: str | None, until: datetime | None) -> None:
        """Closes the endpoints of a deleted service, or of one event of it; their URLs answer 404 from then on.

        Those that were made after `until` stay open.
        """

        async def some() -> list[Endpoint]:
            found = await self._repository.open_of_service(service_id, event_id)
            return [endpoint for endpoint in found if until is None or endpoint.inserted_at <= until]

        await self._close_all(some)

    async def close_scope(self, scope: str) -> None:
        """Closes what was made for one user or subscription alone."""
        await self._close_all(lambda: self._repository.open_of_scope(scope))

    async def _close_all(self, some: Callable[[], Awaitable[list[Endpoint]]]) -> None:
        while found := await some():
            for endpoint in found:
                await self._close(endpoint)

    async def _close(self, endpoint: Endpoint) -> None:
        now = self._clock.now()
        said = EndpointClosed(platform_id=endpoint.platform_id, endpoint_id=endpoint.id, revision=endpoint.revision + 1)
        closed = endpoint.model_copy(update={"expires_at": now + _KEPT_CLOSED})
        with suppress(RevisionConflict):  # closed by somebody else
            await self._repository.save(closed, [encode(said, time=now)])

    async def _reopened(self, endpoint: Endpoint) -> Endpoint:
        """At a new URL, for a making that failed and is tried again under its Idempotency-Key."""
        fresh = {"state": new_handle(), "inserted_at": self._clock.now(), "expires_at": None}
        reopened = endpoint.model_copy(update=fresh)
        return await self._repository.save(reopened)

    async def _new(self, platform_id: str, service_id: str, event_id: str, scope: str) -> Endpoint:
        id = new_id()
        sealed = await self._sealer.seal(platform_id, new_secret().encode(), owner=service_id, row_id=id, field=_FIELD)
        return Endpoint(
            id=id,
            platform_id=platform_id,
            service_id=service_id,
            event_id=event_id,
            scope=scope,
            state=new_handle(),
            sealed_secret=sealed,
            inserted_at=self._clock.now(),
        )
