"""Service versions: made or merged by id, published by freezing what belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.catalog import VersionGrant, VersionQuestion
from libs.common.errors import Conflict, NotFound, invalid
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from services.catalog.authorship import Actor, made_by
from services.catalog.changes import said
from services.catalog.logic_check import LogicCheck, refuse
from services.catalog.refusals import changed_meanwhile, id_taken, name_taken, not_found
from services.catalog.securities.repository import SecurityRepository
from services.catalog.services.models import Service
from services.catalog.services.services import Services
from services.catalog.versions.freezing import Freezer
from services.catalog.versions.models import NOUN, Version
from services.catalog.versions.repository import VersionRepository

_HOOKS = ("oauth",)


class Versions:
    """The verbs on versions of a service that the caller may read, or change."""

    def __init__(
        self,
        repository: VersionRepository,
        services: Services,
        securities: SecurityRepository,
        freezer: Freezer,
        logic: LogicCheck,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._services = services
        self._securities = securities
        self._freezer = freezer
        self._logic = logic
        self._clock = clock

    async def create(self, service: Service, actor: Actor, id: str | None, members: dict[str, Any]) -> Version:
        """Makes a version, or merges into the one of that id; a service's first becomes its default.

        Raises Invalid, Conflict.
        """
        id = id or new_id()
        known = await self._repository.get(id)
        if known is None:
            version = await self._add(service, actor, id, members)
        elif known.service_id == service.id:
            version = await self._merge(service, known, actor, members)
        else:
            raise id_taken()
        if service.default_version_id is None:
            await self._services.adopt_default(service.id, version.id)
        return version

    async def get(self, service: Service, ref: str) -> Version:
        """Raises NotFound."""
        version = await self._repository.by_ref(service.id, ref)
        if version is None:
            raise not_found(NOUN)
        return version

    async def chosen(self, service_id: str, ref: str | None, *, ended: bool = False) -> Version | None:
        """The version of that id or name; without `ref` the default one, None while the service has none.

        With `ended` of a deleted service too.
        """
        if ref is not None:
            return await self._repository.by_ref(service_id, ref)
        default = await self._services.default_version_id(service_id, ended=ended)
        return await self._repository.get(default) if default is not None else None

    async def by_id(self, id: str) -> Version | None:
        """Whichever service's it is."""
        return await self._repository.get(id)

    async def page(self, service: Service, page: Page) -> tuple[list[Version], str | None]:
        return await self._repository.page(service.id, page)

    async def publish(self, service: Service, version: Version, actor: Actor) -> Version:
        """Checks the version as every platform would use it, and freezes it if it isn't. Raises Conflict."""
        if version.pin_set is not None:
            await self._freezer.refuse_unfit_for_all(service, version)
            return version
        now = self._clock.now()
        frozen = await self._frozen(service, version.changed(actor, now, published=True), public=True)
        return await self._save(service, frozen, now)

    async def update(self, service: Service, ref: str, actor: Actor, members: dict[str, Any]) -> Version:
        """Raises NotFound, Invalid, Conflict."""
        return await self._merge(service, await self.get(service, ref), actor, members)

    async def delete(self, service: Service, ref: str) -> None:
        """Raises NotFound, or Conflict for the default version."""
        version = await self.get(service, ref)
        if await self._services.default_version_id(service.id) == version.id:
            raise Conflict(
                "default_version", "This is the service's default version; set its defaultVersionId to another first."
            )
        try:
            await self._repository.remove(version, [_said(service, version, self._clock.now(), deleted=True)])
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def grant(self, question: VersionQuestion) -> VersionGrant | None:
        version = await self.chosen(question.service_id, question.ref, ended=question.ended)
        if version is None:
            return None
        return VersionGrant(id=version.id, service_id=version.service_id, name=version.name, setting=version.setting)

    async def _add(self, service: Service, actor: Actor, id: str, members: dict[str, Any]) -> Version:
        members = await self._checked(service, members)
        now = self._clock.now()
        version = Version.model_validate({"id": id, "service_id": service.id, **made_by(actor, now), **members})
        if version.published:
            version = await self._frozen(service, version)
        try:
            added = await self._repository.add(version, [_said(service, version, now)])
        except DuplicateKey as taken:
            raise changed_meanwhile() if taken.fields == ("id",) else name_taken(NOUN, version.name) from None
        try:
            await self._services.confirm(service.id)
        except NotFound:
            await self._repository.remove(added)
            raise
        return added

    async def _merge(self, service: Service, version: Version, actor: Actor, members: dict[str, Any]) -> Version:
        members = await self._checked(service, members)
        if version.published and members.get("published") is False:
            raise Conflict("version_published", "published: a published version stays published; make a new version.")
        now = self._clock.now()
        changed = version.changed(actor, now, **members)
        if version.published and (await self._services.fresh(service.id)).published:
            _refuse_change(version, members)
        if changed.published and changed.pin_set is None:
            changed = await self._frozen(service, changed)
        return await self._save(service, changed, now)

    async def _save(self, service: Service, changed: Version, now: datetime) -> Version:
        try:
            return await self._repository.save(changed, [_said(service, changed, now)])
        except DuplicateKey:
            raise name_taken(NOUN, changed.name) from None
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def _frozen(self, service: Service, version: Version, *, public: bool = False) -> Version:
        """With what belongs to it pinned and found fit; its own write makes the pins count. Raises Conflict."""
        before = await self._repository.latest_published(service.id)
        return await self._freezer.freeze(service, version, after=before, public=public or service.published)

    async def _checked(self, service: Service, members: dict[str, Any]) -> dict[str, Any]:
        """The members with the security by its id. Raises Invalid."""
        if "logic" in members:
            refuse(await self._logic.failures(members["logic"], _HOOKS, service.platform_id))
        ref = members.get("default_service_security_id")
        if ref is None:
            return members
        security = await self._securities.by_ref(service.id, ref)
        if security is None:
            raise invalid("defaultServiceSecurityId", "this service has no such security")
        return {**members, "default_service_security_id": security.id}


def _refuse_change(version: Version, members: dict[str, Any]) -> None:
    """Raises Conflict for what would change a published version that other platforms use."""
    changed = [name for name, value in members.items() if getattr(version, name) != value]
    if changed:
        raise Conflict(
            "version_frozen",
            f"{', '.join(map(to_camel, changed))}: a published version of a public service stays as it is; "
            "make a new version.",
        )


def _said(service: Service, version: Version, at: datetime, *, deleted: bool = False) -> Message:
    return said(service, NOUN, version.id, revision=version.revision + 1, at=at, deleted=deleted)
