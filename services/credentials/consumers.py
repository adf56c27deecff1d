"""What ends with a user, a service or a variable: its tokens and values. Doing it twice does it once."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.contracts.catalog import CatalogChanged, Kind
from libs.common.contracts.envelope import decode
from libs.common.contracts.identity import UserChanged
from services.credentials.tokens import Tokens
from services.credentials.values import Values


class Cascades:
    """Removes in batches; a deletion that was cut off is heard again and goes on with what is left."""

    def __init__(self, tokens: Tokens, values: Values) -> None:
        self._tokens = tokens
        self._values = values

    async def users_changed(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, UserChanged)
            if heard is not None and heard.event.deleted:
                await self._tokens.delete_of_user(heard.event.user_row_id)

    async def components_changed(self, messages: Sequence[Message]) -> None:
        for message in messages:
            heard = decode(message, CatalogChanged)
            if heard is not None and heard.event.deleted:
                await self._ended(heard.event)

    async def _ended(self, event: CatalogChanged) -> None:
        if event.noun == "service":
            await self._tokens.delete_of_service(event.service_id)
            await self._values.delete_of_service(event.service_id)
        elif event.noun == Kind.VARIABLE:
            await self._values.delete_of_variable(event.service_id, event.id)
