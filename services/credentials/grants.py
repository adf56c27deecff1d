"""The token that a request of the executor or webhooks goes out with, opened and ready to apply."""

from __future__ import annotations

from libs.common.clock import Clock
from libs.common.contracts.credentials import CredentialGrant, CredentialQuestion
from libs.common.errors import Conflict
from services.credentials.applying import apply
from services.credentials.clients import Catalog
from services.credentials.models import State, Token
from services.credentials.repository import TokenRepository
from services.credentials.seals import Seals


class Grants:
    """Answers which credential to use, and how."""

    def __init__(self, repository: TokenRepository, seals: Seals, catalog: Catalog, clock: Clock) -> None:
        self._repository = repository
        self._seals = seals
        self._catalog = catalog
        self._clock = clock

    async def grant(self, question: CredentialQuestion) -> CredentialGrant | None:
        """None when the user has no such token. Raises Conflict when the one it has can't be used."""
        token = await self._named(question) if question.credential_id is not None else await self._newest(question)
        if token is None:
            return None
        if token.state_at(self._clock.now()) is not State.ACTIVE:
            raise Conflict("credential_invalid", f"token {token.id} has expired; connect the user again.")
        security = await self._catalog.security(token.service_id, token.security_id, ended=question.ended)
        if security is None:
            raise Conflict("credential_invalid", f"token {token.id}: its security is gone; connect the user again.")
        applied = apply(security, token.kind, await self._seals.open_secrets(token))
        return CredentialGrant(
            id=token.id,
            name=token.name,
            service_url=token.service_url,
            virtual_id=token.virtual_id,
            token=applied.token,
            headers=applied.headers,
            query=applied.query,
            hosts=applied.hosts,
        )

    async def _named(self, question: CredentialQuestion) -> Token | None:
        id = question.credential_id or ""
        token = await self._repository.get(question.platform_id, id, ended=question.ended)
        asked_for = (question.user_row_id, question.service_id)
        return token if token is not None and (token.user_row_id, token.service_id) == asked_for else None

    async def _newest(self, question: CredentialQuestion) -> Token | None:
        """The most recently connected one that is active, else the most recently connected one."""
        tokens = await self._repository.newest_connected(
            question.platform_id, question.service_id, question.user_row_id, ended=question.ended
        )
        now = self._clock.now()
        return next((token for token in tokens if token.state_at(now) is State.ACTIVE), next(iter(tokens), None))
