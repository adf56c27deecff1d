"""Publishing a service: its default version frozen and found fit, then open to every platform."""

from __future__ import annotations

from typing import Protocol

from libs.common.errors import Conflict
from services.catalog.authorship import Actor
from services.catalog.services.models import Service
from services.catalog.services.services import Services
from services.catalog.versions.models import Version


class Versions(Protocol):
    """What publishing needs of versions."""

    async def chosen(self, service_id: str, ref: str | None) -> Version | None: ...

    async def publish(self, service: Service, version: Version, actor: Actor) -> Version: ...


class Publishing:
    """The verb that makes a service public."""

    def __init__(self, services: Services, versions: Versions) -> None:
        self._services = services
        self._versions = versions

    async def publish(self, service: Service, contributor: Actor) -> Service:
        """Again, it publishes what the default version is by now. Raises NotFound, Conflict."""
        fresh = await self._services.fresh(service.id)
        version = await self._versions.chosen(fresh.id, fresh.default_version_id) if fresh.default_version_id else None
        if version is None:
            raise Conflict(
                "no_version",
                "This service has no version to publish; make one with POST /v1/service/{serviceId}/version.",
            )
        await self._services.refuse_public_name(fresh)
        await self._versions.publish(fresh, version, contributor)
        return await self._services.open_to_all(fresh, contributor)
