"""Services: made or merged by id, changed, and deleted with all that is inside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.webhooks import KEPT_FOR_HOOKS
from libs.common.errors import Conflict, invalid
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from libs.logic.nodes.functions import CORE
from services.catalog.authorship import Actor, made_by
from services.catalog.changes import said
from services.catalog.refusals import changed_meanwhile, id_taken, name_taken, not_found
from services.catalog.services.clients import Identity
from services.catalog.services.models import NOUN, Service
from services.catalog.services.repository import ServiceRepository
from services.catalog.services.usage import Usage
from services.catalog.versions.repository import VersionRepository

_ATTEMPTS = 5


class Services:
    """The verbs on services."""

    def __init__(
        self,
        repository: ServiceRepository,
        versions: VersionRepository,
        identity: Identity,
        usage: Usage,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._versions = versions
        self._identity = identity
        self._usage = usage
        self._clock = clock

    async def create(self, actor: Actor, id: str | None, members: dict[str, Any]) -> Service:
        """Makes a service, or merges into the one of that id. Raises Invalid, Forbidden, Conflict."""
        id = id or new_id()
        known = await self._repository.get(id)
        if known is not None:
            return await self._merge(_mine(known, actor), actor, members)
        if members.get("default_version_id") is not None:
            raise invalid("defaultVersionId", "a new service has no versions; set it once there is one")
        now = self._clock.now()
        service = Service.model_validate(
            {"id": id, "platform_id": actor.platform_id, **made_by(actor, now), **_kept(members)}
        )
        _refuse_reserved(service.name)
        await self._refuse_sharing(actor, None, service)
        try:
            return await self._repository.add(service, [_said(service, now)])
        except DuplicateKey as taken:
            if taken.fields == ("id",):
                raise changed_meanwhile() from None
            raise name_taken(NOUN, service.name) from None

    async def page(self, actor: Actor, page: Page) -> tuple[list[Service], str | None]:
        """What the actor may see, what is public on other platforms included."""
        return await self._repository.page(actor, page)

    async def update(self, service: Service, actor: Actor, members: dict[str, Any]) -> Service:
        """Raises NotFound, Invalid, Conflict."""
        return await self._merge(await self.fresh(service.id), actor, members)

    async def open_to_all(self, service: Service, actor: Actor) -> Service:
        """Makes the service, as it was read, public. Raises Conflict when a public one has the name."""
        now = self._clock.now()
        changed = service.changed(actor, now, sharing="public", contributor_id=actor.user_id)
        return await self._save(changed, now)

    async def refuse_public_name(self, service: Service) -> None:
        """Raises Conflict when another service is public under the name."""
        if await self._repository.has_public(service.name, besides=service.id):
            raise _public_name_taken(service)

    async def delete(self, service: Service, *, force: bool) -> None:
        """It is gone when this returns, with all that is inside, but for the `delete` hooks of its subscriptions.

        Raises NotFound, Conflict; unless forced also Conflict with the counts while it is in use, and Unavailable.
        """
        if not force:
            await self._usage.refuse_in_use(service.id)
        now = self._clock.now()
        fresh = await self.fresh(service.id)
        tombstone = fresh.model_copy(update={"removed_at": now, "purge_at": now + KEPT_FOR_HOOKS})
        try:
            await self._repository.save(tombstone, [_said(fresh, now, deleted=True)])
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def adopt_default(self, service_id: str, version_id: str) -> None:
        """Makes the version the default one of a service that has none."""
        for _ in range(_ATTEMPTS):
            fresh = await self.fresh(service_id)
            if fresh.default_version_id is not None:
                return
            changed = fresh.model_copy(update={"default_version_id": version_id})
            try:
                await self._repository.save(changed, [_said(changed, self._clock.now())])
            except RevisionConflict:
                continue
            return
        raise changed_meanwhile()

    async def default_version_id(self, service_id: str, *, ended: bool = False) -> str | None:
        """As the store has it now; None too when the service was removed, unless that is `ended` to be looked at."""
        service = await self._repository.get(service_id)
        if service is None or (service.removed_at is not None and not ended):
            return None
        return service.default_version_id

    async def confirm(self, id: str) -> None:
        """Raises NotFound if the service was removed by now: what was just put into it is to be undone."""
        await self.fresh(id)

    async def fresh(self, id: str) -> Service:
        """As the store has it now. Raises NotFound."""
        service = await self._repository.get(id)
        if service is None or service.removed_at is not None:
            raise not_found(NOUN)
        return service

    async def _merge(self, service: Service, actor: Actor, members: dict[str, Any]) -> Service:
        now = self._clock.now()
        changed = service.changed(actor, now, **_kept(members))
        if changed.name != service.name:
            _refuse_reserved(changed.name)
        await self._refuse_sharing(actor, service, changed)
        if members.get("default_version_id") is not None:
            changed = changed.model_copy(update={"default_version_id": await self._version_id(changed)})
        elif changed.published and changed.default_version_id is None:
            raise invalid("defaultVersionId", "a public service needs one; name a published version")
        return await self._save(changed, now, former_name=service.name)

    async def _save(self, changed: Service, now: datetime, *, former_name: str | None = None) -> Service:
        try:
            return await self._repository.save(changed, [_said(changed, now, former_name=former_name)])
        except DuplicateKey as taken:
            public = "public_name" in taken.fields
            raise (_public_name_taken(changed) if public else name_taken(NOUN, changed.name)) from None
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def _version_id(self, service: Service) -> str:
        version = await self._versions.by_ref(service.id, service.default_version_id or "")
        if version is None:
            raise invalid("defaultVersionId", "this service has no such version")
        if service.published and not version.published:
            raise Conflict("version_not_published", "defaultVersionId: publish that version first; this is public.")
        return version.id

    async def _refuse_sharing(self, actor: Actor, before: Service | None, after: Service) -> None:
        """Raises Invalid, Conflict for what an update can't share, and for a name that is promised to others."""
        was_public = before is not None and before.published
        if after.published and not was_public:
            raise Conflict(
                "publish_required", "sharing: a service becomes public by POST /v1/service/{serviceId}/publish."
            )
        if before is not None and was_public and after.published and after.name != before.name:
            raise Conflict("name_fixed", "name: other platforms use this public service by its name; it stays.")
        known = before.group_ids if before is not None else ()
        if after.group_ids != known:
            await self._identity.refuse_unknown_groups(actor, after.group_ids, besides=known)
        if after.sharing == "group" and not after.group_ids:
            raise invalid("groupIds", "name the groups whose users may see a service with `sharing` `group`")


def _mine(service: Service, actor: Actor) -> Service:
    """Raises Conflict unless the actor's platform owns it and it is there, Forbidden unless it may change it."""
    if service.platform_id != actor.platform_id:
        raise id_taken()
    if service.removed_at is not None:
        raise Conflict(
            "service_being_removed",
            "id: the service of this id was deleted, and its subscriptions are still being ended; try again, "
            "or use another id. After a day it is free in any case.",
            retry_after_s=1,
        )
    if not service.visible_to(actor):
        raise id_taken()
    service.refuse_change_by(actor)
    return service


def _kept(members: dict[str, Any]) -> dict[str, Any]:
    """As the model has them: each group once."""
    return {**members, "group_ids": tuple(dict.fromkeys(members["group_ids"]))} if "group_ids" in members else members


def _refuse_reserved(name: str) -> None:
    """Raises Conflict for the name that means the built-in service wherever it is used."""
    if name == CORE:
        raise Conflict("name_taken", f"name: {CORE!r} is the name of the built-in service; use another one.")


def _public_name_taken(service: Service) -> Conflict:
    return Conflict(
        "name_taken", f"name: a public service is named {service.name!r} already; rename yours, then publish it."
    )


def _said(service: Service, at: datetime, *, deleted: bool = False, former_name: str | None = None) -> Message:
    names = (former_name,) if former_name is not None else ()
    return said(service, NOUN, service.id, revision=service.revision + 1, at=at, deleted=deleted, names=names)
