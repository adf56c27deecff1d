"""What executor asks of catalog beside what the runtime does."""

from __future__ import annotations

from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import FIND_LOGIC, LogicGrant, LogicQuestion, ServiceGrant
from libs.common.contracts.identity import UserGrant
from libs.common.errors import NotFound
from libs.runtime.components import Components, check_enabled
from services.executor.models import LogicTest


class LogicClient:
    """The logic of rows as their authors test it, drafts too."""

    def __init__(self, peers: Peers, components: Components) -> None:
        self._peers = peers
        self._components = components

    async def of(self, platform_id: str, user: UserGrant | None, test: LogicTest) -> tuple[ServiceGrant, LogicGrant]:
        """Of the platform's own services alone. Raises NotFound, Conflict for a disabled service."""
        logic = await self._peers.ask(FIND_LOGIC, LogicQuestion(kind=test.kind, id=test.row_id))
        service = None
        if logic is not None:
            service = await self._components.service_by_id(platform_id, logic.service_id)
        if logic is None or service is None or service.owner_platform_id != platform_id or not service.is_for(user):
            raise NotFound("row_not_found", "id: there is no such row in this table; give the id of a row of your own.")
        check_enabled(service)
        return service, logic
