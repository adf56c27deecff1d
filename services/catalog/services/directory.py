"""Which service a caller means and whether it may change it, answered from memory until that service changes."""

from __future__ import annotations

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.catalog import CatalogChanged, ServiceGrant, ServiceQuestion
from libs.common.contracts.envelope import decode
from services.catalog.authorship import Actor
from services.catalog.refusals import not_found
from services.catalog.services.models import NOUN, Service
from services.catalog.services.repository import ServiceRepository


class Directory:
    """Looks services up by id or name. What it answers may be older than the store: never save it."""

    def __init__(self, repository: ServiceRepository, bus: Bus) -> None:
        self._repository = repository
        self._cache: FollowedCache[tuple[str, str], Service | None] = FollowedCache("services", self._load)
        bus.follow(CatalogChanged.topic, self._heard)

    async def readable(self, actor: Actor, ref: str) -> Service:
        """Raises NotFound, for what is there and not for this actor too."""
        service = await self._cache.get((actor.platform_id, ref))
        if service is None or not service.visible_to(actor):
            raise not_found(NOUN)
        return service

    async def writable(self, actor: Actor, ref: str) -> Service:
        """Raises NotFound, or Forbidden for what the actor may see but not change."""
        service = await self.readable(actor, ref)
        service.refuse_change_by(actor)
        return service

    async def grant(self, question: ServiceQuestion) -> ServiceGrant | None:
        """From the store: it fills another process's cache, which may have heard of a change before this one."""
        service = await self._repository.visible(question.platform_id, question.ref)
        if service is None and question.ended:
            service = await self._repository.ended(question.platform_id, question.ref)
        if service is None:
            return None
        return ServiceGrant(
            id=service.id,
            name=service.name,
            owner_platform_id=service.platform_id,
            sharing=service.sharing,
            enabled=service.enabled,
            default_version_id=service.default_version_id,
            created_by=service.created_by,
            group_ids=service.group_ids,
        )

    async def _load(self, key: tuple[str, str]) -> Loaded[Service | None]:
        platform_id, ref = key
        service = await self._repository.visible(platform_id, ref)
        tags = {ref} if service is None else {ref, service.id, service.name}
        return Loaded(service, frozenset(tags))

    def _heard(self, message: Message) -> None:
        heard = decode(message, CatalogChanged)
        if heard is not None and heard.event.noun == NOUN:
            self._cache.drop({heard.event.service_id, *heard.event.service_names})
