"""What executor asks of catalog beside what the runtime does."""

from __future__ import annotations

from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import FIND_LOGIC, LogicGrant, LogicQuestion, ServiceGrant
from libs.common.errors import NotFound
from libs.runtime.components import Components, check_enabled
from services.executor.models import Asker, LogicTest


class LogicClient:
    """The logic of rows as their authors test it, drafts too."""

    def __init__(self, peers: Peers, components: Components) -> None:
        self._peers = peers
        self._components = components

    async def of(self, asker: Asker, test: LogicTest) -> tuple[ServiceGrant, LogicGrant]:
        """Of the platform's own services alone. Raises NotFound, Conflict for a disabled service."""
        logic = await self._peers.ask(FIND_LOGIC, LogicQuestion(kind=test.kind, id=test.row_id))
        service = await self._own_service(asker, logic.service_id) if logic is not None else None
        if logic is None or service is None:
            raise NotFound("row_not_found", "id: there is no such row in this table; give the id of a row of your own.")
        check_enabled(service)
        return service, logic

    async def _own_service(self, asker: Asker, id: str) -> ServiceGrant | None:
        service = await self._components.service_by_id(asker.platform_id, id)
        own = service is not None and service.owner_platform_id == asker.platform_id and service.is_for(asker.user)
        return service if own else None
