"""Services: made or merged by id, changed, and deleted with all that is inside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.errors import Conflict, invalid
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from services.catalog.authorship import Actor, made_by
from services.catalog.changes import said
from services.catalog.refusals import changed_meanwhile, id_taken, name_taken, not_found
from services.catalog.services.models import NOUN, Service
from services.catalog.services.removal import Removal
from services.catalog.services.repository import ServiceRepository
from services.catalog.versions.repository import VersionRepository

_ATTEMPTS = 5


class Services:
    """The verbs on services."""

    def __init__(
        self, repository: ServiceRepository, versions: VersionRepository, removal: Removal, clock: Clock
    ) -> None:
        self._repository = repository
        self._versions = versions
        self._removal = removal
        self._clock = clock

    async def create(self, actor: Actor, id: str | None, members: dict[str, Any]) -> Service:
        """Makes a service, or merges into the one of that id. Raises Invalid, Forbidden, Conflict."""
        _refuse_sharing(members, "none")
        id = id or new_id()
        known = await self._repository.get(id)
        if known is not None:
            return await self._merge(_mine(known, actor), actor, members)
        if members.get("default_version_id") is not None:
            raise invalid("defaultVersionId", "a new service has no versions; set it once there is one")
        now = self._clock.now()
        service = Service.model_validate({"id": id, "platform_id": actor.platform_id, **made_by(actor, now), **members})
        try:
            return await self._repository.add(service, [_said(service, now)])
        except DuplicateKey as taken:
            if taken.fields == ("id",):
                raise changed_meanwhile() from None
            raise name_taken(NOUN, service.name) from None

    async def page(self, platform_id: str, page: Page) -> tuple[list[Service], str | None]:
        return await self._repository.page(platform_id, page)

    async def update(self, service: Service, actor: Actor, members: dict[str, Any]) -> Service:
        """Raises NotFound, Invalid, Conflict."""
        return await self._merge(await self._fresh(service.id), actor, members)

    async def delete(self, service: Service) -> None:
        """Raises NotFound, Conflict. When it returns, nothing of what was inside is left in catalog."""
        now = self._clock.now()
        fresh = await self._fresh(service.id)
        tombstone = fresh.model_copy(update={"removed_at": now})
        try:
            await self._repository.save(tombstone, [_said(fresh, now, deleted=True)])
        except RevisionConflict:
            raise changed_meanwhile() from None
        await self._removal.finish(tombstone)

    async def adopt_default(self, service_id: str, version_id: str) -> None:
        """Makes the version the default one of a service that has none."""
        for _ in range(_ATTEMPTS):
            fresh = await self._fresh(service_id)
            if fresh.default_version_id is not None:
                return
            changed = fresh.model_copy(update={"default_version_id": version_id})
            try:
                await self._repository.save(changed, [_said(changed, self._clock.now())])
            except RevisionConflict:
                continue
            return
        raise changed_meanwhile()

    async def default_version_id(self, service_id: str) -> str | None:
        """As the store has it now; None too when the service was removed."""
        service = await self._repository.get(service_id)
        return service.default_version_id if service is not None and service.removed_at is None else None

    async def confirm(self, id: str) -> None:
        """Raises NotFound if the service was removed by now: what was just put into it is to be undone."""
        await self._fresh(id)

    async def _fresh(self, id: str) -> Service:
        service = await self._repository.get(id)
        if service is None or service.removed_at is not None:
            raise not_found(NOUN)
        return service

    async def _merge(self, service: Service, actor: Actor, members: dict[str, Any]) -> Service:
        _refuse_sharing(members, service.sharing)
        now = self._clock.now()
        if members.get("default_version_id") is not None:
            members = {**members, "default_version_id": await self._version(service, members["default_version_id"])}
        changed = service.changed(actor, now, **members)
        try:
            return await self._repository.save(changed, [_said(changed, now, former_name=service.name)])
        except DuplicateKey:
            raise name_taken(NOUN, changed.name) from None
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def _version(self, service: Service, ref: str) -> str:
        version = await self._versions.by_ref(service.id, ref)
        if version is None:
            raise invalid("defaultVersionId", "this service has no such version")
        return version.id


def _mine(service: Service, actor: Actor) -> Service:
    """Raises Conflict unless the actor's platform owns it and it is there, Forbidden unless it may change it."""
    if service.removed_at is not None:
        raise Conflict(
            "service_being_removed", "id: the service of this id is just being removed; try again.", retry_after_s=1
        )
    if service.platform_id != actor.platform_id:
        raise id_taken()
    service.refuse_change_by(actor)
    return service


def _refuse_sharing(members: dict[str, Any], now: str) -> None:
    wanted = members.get("sharing", now)
    if wanted == "public" and now != "public":
        raise Conflict("publish_required", "sharing: a service becomes public by POST /v1/service/{serviceId}/publish.")
    if wanted == "group" and now != "group":
        raise invalid("sharing", "sharing with groups is not available; use none")


def _said(service: Service, at: datetime, *, deleted: bool = False, former_name: str | None = None) -> Message:
    names = (former_name,) if former_name is not None else ()
    return said(service, NOUN, service.id, revision=service.revision + 1, at=at, deleted=deleted, names=names)
