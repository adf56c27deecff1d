"""Endpoints: made when they are first asked for, one per event and scope."""

from __future__ import annotations

from libs.common.clock import Clock
from libs.common.ids import new_id
from libs.common.sealing import Sealer
from libs.common.store.port import DuplicateKey
from services.webhooks.endpoints.models import Endpoint, new_handle, new_secret
from services.webhooks.endpoints.repository import EndpointRepository

_FIELD = "secret"


class Endpoints:
    """The verbs on endpoints. `public_url` is how providers reach the engine."""

    def __init__(self, repository: EndpointRepository, sealer: Sealer, clock: Clock, *, public_url: str) -> None:
        self._repository = repository
        self._sealer = sealer
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    async def of(self, platform_id: str, service_id: str, event_id: str, scope: str) -> Endpoint:
        """The endpoint of this event and scope, made if there is none."""
        known = await self._repository.by_scope(platform_id, service_id, event_id, scope)
        if known is not None:
            return known
        endpoint = await self._new(platform_id, service_id, event_id, scope)
        try:
            return await self._repository.add(endpoint)
        except DuplicateKey:
            return await self.of(platform_id, service_id, event_id, scope)

    async def by_state(self, platform_id: str, state: str) -> Endpoint | None:
        return await self._repository.by_state(platform_id, state)

    def url(self, endpoint: Endpoint) -> str:
        return f"{self._public_url}/platform/{endpoint.platform_id}/webhook?state={endpoint.state}"

    async def secret(self, endpoint: Endpoint) -> str:
        opened = await self._sealer.open(
            endpoint.platform_id, endpoint.sealed_secret, owner=endpoint.service_id, row_id=endpoint.id, field=_FIELD
        )
        return opened.decode()

    async def forget_service(self, service_id: str) -> None:
        """Removes a deleted service's endpoints; their URLs answer 404 from then on."""
        while ids := await self._repository.of_service(service_id):
            for id in ids:
                await self._repository.remove(id)

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
