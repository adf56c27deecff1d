"""What the names inside a component mean to the platform that owns it, bound to identities when it is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from libs.common.contracts.catalog import BoundName, Kind
from libs.logic.compiler import ComponentName
from libs.logic.errors import InvalidLogic
from libs.logic.program import aside, compile_hooks
from services.catalog.components.models import Head
from services.catalog.components.repository import HeadRepository
from services.catalog.services.models import Service
from services.catalog.services.repository import ServiceRepository


class Naming:
    """Finds what a name leads to: what it is bound to, else what is called so now.

    Of what it is bound to and is gone, only the owner can put another in its place.
    """

    def __init__(self, services: ServiceRepository, heads: HeadRepository) -> None:
        self._services = services
        self._heads = heads

    async def bound(self, of: Service, logic: Mapping[str, Any]) -> tuple[BoundName, ...]:
        """The names in the logic of a component of this service, but for those that lead to no service yet."""
        try:
            programs = (await aside(partial(compile_hooks, logic), logic)).values()
        except InvalidLogic:
            return ()  # saved by an earlier release; it would not run
        calls = {call.key: call for program in programs for call in program.calls}
        found = await asyncio.gather(*(self._bound(of, call) for call in calls.values()))
        return tuple(each for each in found if each is not None)

    async def service(self, of: Service, named: ComponentName, bound: BoundName | None = None) -> Service | None:
        if bound is not None:
            known = await self._services.get(bound.service_id)
            if known is not None and known.open_to(of.platform_id):
                return known
        own = named.service in (of.id, of.name)
        found = of if own else await self._services.visible(of.platform_id, named.service)
        if found is not None and bound is not None and found.platform_id != bound.owner_platform_id:
            return None
        return found

    async def component(self, service: Service, named: ComponentName, bound: BoundName | None = None) -> Head | None:
        kind = Kind(named.kind)
        if bound is not None and bound.service_id == service.id and bound.identity is not None:
            known = await self._heads.by_ref(service.id, kind, bound.identity)
            if known is not None:
                return known
        return await self._heads.by_ref(service.id, kind, named.name)

    async def _bound(self, of: Service, named: ComponentName) -> BoundName | None:
        service = await self.service(of, named)
        if service is None:
            return None
        head = await self.component(service, named)
        return BoundName(
            kind=Kind(named.kind),
            service=named.service,
            name=named.name,
            service_id=service.id,
            owner_platform_id=service.platform_id,
            identity=head.identity if head is not None and head.row(named.name) is None else None,
        )
