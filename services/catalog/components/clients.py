"""What components need of other services."""

from __future__ import annotations

from libs.common.contracts.calls import Peers
from libs.common.contracts.credentials import KEEP_VALUE, ValueToKeep
from libs.common.errors import Unavailable
from services.catalog.services.models import Service


class ValueKeeper:
    """Hands variables' values to credentials, which seals them; catalog keeps none."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def keep(self, service: Service, variable_id: str, value: object) -> str:
        """The handle that stands for the value from now on. Raises Unavailable, and then nothing is kept."""
        given = ValueToKeep(
            platform_id=service.platform_id, service_id=service.id, variable_id=variable_id, value=value
        )
        kept = await self._peers.ask(KEEP_VALUE, given)
        if kept is None:
            raise Unavailable("credentials_unavailable", "The value could not be kept; try again.", retry_after_s=1)
        return kept.handle
