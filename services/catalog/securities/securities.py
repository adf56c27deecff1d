"""Securities: made or merged by id, found by id or label."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.catalog import SecurityGrant, SecurityQuestion
from libs.common.errors import Conflict, NotFound
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from services.catalog.authorship import Actor, made_by
from services.catalog.changes import said
from services.catalog.refusals import changed_meanwhile, id_taken, not_found
from services.catalog.securities.hosts import unbound
from services.catalog.securities.models import NOUN, Security
from services.catalog.securities.repository import SecurityRepository
from services.catalog.services.models import Service
from services.catalog.services.services import Services
from services.catalog.versions.versions import Versions


class Securities:
    """The verbs on securities of a service that the caller may read, or change."""

    def __init__(self, repository: SecurityRepository, versions: Versions, services: Services, clock: Clock) -> None:
        self._repository = repository
        self._versions = versions
        self._services = services
        self._clock = clock

    async def create(self, service: Service, actor: Actor, id: str | None, members: dict[str, Any]) -> Security:
        """Makes a security, or merges into the one of that id. Raises Conflict."""
        id = id or new_id()
        known = await self._repository.get(id)
        if known is not None:
            if known.service_id != service.id:
                raise id_taken()
            return await self._merge(service, known, actor, members)
        now = self._clock.now()
        security = Security.model_validate({"id": id, "service_id": service.id, **made_by(actor, now), **members})
        _refuse_unbound(service, security)
        try:
            added = await self._repository.add(security, [_said(service, security, now)])
        except DuplicateKey:
            raise changed_meanwhile() from None
        try:
            await self._services.confirm(service.id)
        except NotFound:
            await self._repository.remove(added)
            raise
        return added

    async def get(self, service: Service, ref: str) -> Security:
        """Raises NotFound, or Conflict for a label that several have."""
        security = await self._repository.by_ref(service.id, ref)
        if security is None:
            raise not_found(NOUN)
        return security

    async def page(self, service: Service, page: Page) -> tuple[list[Security], str | None]:
        return await self._repository.page(service.id, page)

    async def update(self, service: Service, ref: str, actor: Actor, members: dict[str, Any]) -> Security:
        """Raises NotFound, Conflict."""
        return await self._merge(service, await self.get(service, ref), actor, members)

    async def delete(self, service: Service, ref: str) -> None:
        """Raises NotFound, Conflict."""
        security = await self.get(service, ref)
        try:
            await self._repository.remove(security, [_said(service, security, self._clock.now(), deleted=True)])
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def grant(self, question: SecurityQuestion) -> SecurityGrant | None:
        security = await self._meant(question)
        if security is None:
            return None
        return SecurityGrant(
            id=security.id,
            service_id=security.service_id,
            type=security.type,
            label=security.label,
            config=security.config,
        )

    async def _meant(self, question: SecurityQuestion) -> Security | None:
        if question.service_id is None:
            return await self._repository.get(question.ref) if question.ref is not None else None
        if question.ref is not None:
            return await self._repository.by_ref(question.service_id, question.ref)
        version = await self._versions.chosen(question.service_id, None, ended=question.ended)
        named = version.default_service_security_id if version is not None else None
        security = await self._repository.by_ref(question.service_id, named) if named is not None else None
        return security or await self._repository.only_one(question.service_id)

    async def _merge(self, service: Service, security: Security, actor: Actor, members: dict[str, Any]) -> Security:
        now = self._clock.now()
        changed = security.changed(actor, now, **members)
        _refuse_unbound(service, changed)
        try:
            return await self._repository.save(changed, [_said(service, changed, now)])
        except RevisionConflict:
            raise changed_meanwhile() from None


def _refuse_unbound(service: Service, security: Security) -> None:
    """Raises Conflict for a security that a public service can't have."""
    reason = unbound(security) if service.published else None
    if reason is not None:
        raise Conflict("hosts_required", f"config: {reason}.")


def _said(service: Service, security: Security, at: datetime, *, deleted: bool = False) -> Message:
    return said(service, NOUN, security.id, revision=security.revision + 1, at=at, deleted=deleted)
