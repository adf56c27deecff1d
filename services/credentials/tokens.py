"""Users' tokens: connected, changed and deleted; whoever caches one hears of it by an event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.catalog import SecurityGrant
from libs.common.contracts.credentials import CredentialChanged, TokensCount, TokensQuestion
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import UserGrant
from libs.common.errors import Conflict, NotFound, ServiceError
from libs.common.ids import new_id
from libs.common.store.port import Cursor, DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from services.credentials.applying import check_kind
from services.credentials.clients import Catalog, Identity
from services.credentials.models import Credential, NewToken, Token
from services.credentials.repository import TokenRepository
from services.credentials.seals import Seals


class Tokens:
    """The verbs on tokens."""

    def __init__(
        self, repository: TokenRepository, seals: Seals, catalog: Catalog, identity: Identity, clock: Clock
    ) -> None:
        self._repository = repository
        self._seals = seals
        self._catalog = catalog
        self._identity = identity
        self._clock = clock

    async def connect(self, platform_id: str, user_id: str, new: NewToken) -> Token:
        """Makes a token, or merges into the user's own of that id. Raises NotFound, Invalid, Conflict."""
        user = await self._identity.user(platform_id, user_id)
        security = await self._catalog.security_for(user, new.service_ref, new.security_ref)
        check_kind(security, new.credential.kind)
        token = await self._sealed(self._fresh(user, security, new), new.credential)
        try:
            added = await self._repository.add(token, [self._changed(token)])
        except DuplicateKey:
            return await self._merge(token, new)
        await self._undo_unless_owned(added)
        return added

    async def page(
        self, platform_id: str, service_ref: str, user: UserGrant, page: Page
    ) -> tuple[list[Token], str | None]:
        """The user's tokens for a service, by name. Raises NotFound."""
        service = await self._catalog.service(platform_id, service_ref, user)
        return await self._repository.page(platform_id, service.id, user.row_id, page)

    async def get(self, user: UserGrant, service_ref: str, token_id: str) -> Token:
        """A token of the user. Raises NotFound."""
        service = await self._catalog.service(user.platform_id, service_ref, user)
        token = await self._own(user, service.id, token_id)
        if token is None:
            raise NotFound("token_not_found", "There is no such token of this service that you may see.")
        return token

    async def own(self, user: UserGrant, service_ref: str, token_id: str) -> Token:
        """One to be deleted, which its user may do whatever has become of the service. Raises NotFound."""
        service = await self._catalog.find_service(user.platform_id, service_ref)
        token = await self._own(user, service.id if service is not None else service_ref, token_id)
        return token or await self.get(user, service_ref, token_id)

    async def update(self, token: Token, members: Mapping[str, str | None], credential: Credential | None) -> Token:
        """Raises Conflict when it was changed meanwhile."""
        changed = token.model_copy(update={**members, "updated_at": self._clock.now()})
        if credential is not None:
            changed = await self._sealed(changed, credential)
        try:
            return await self._repository.save(changed, [self._changed(changed)])
        except RevisionConflict:
            raise _changed_meanwhile() from None

    async def delete(self, token: Token) -> None:
        """Raises Conflict when it was changed meanwhile."""
        try:
            await self._remove(token)
        except RevisionConflict:
            raise _changed_meanwhile() from None

    async def count(self, question: TokensQuestion) -> TokensCount:
        """Those of a service, on every platform."""
        return TokensCount(count=await self._repository.count_of_service(question.service_id))

    async def end_all(self, of: Mapping[str, str], until: datetime | None) -> None:
        """Nobody finds those with these fields any more, made by then, but for `delete` hooks."""
        await self._each(of, until, self._end)

    async def remove_all(self, of: Mapping[str, str], until: datetime | None) -> None:
        """Nothing is left of those with these fields that were made by then."""
        await self._each(of, until, self._remove)

    async def _own(self, user: UserGrant, service_id: str, token_id: str) -> Token | None:
        token = await self._repository.get(user.platform_id, token_id)
        mine = token is not None and (token.service_id, token.user_row_id) == (service_id, user.row_id)
        return token if mine else None

    async def _each(
        self, of: Mapping[str, str], until: datetime | None, change: Callable[[Token], Awaitable[None]]
    ) -> None:
        after: Cursor | None = None
        while True:
            found, after = await self._repository.stretch(of, after)
            meant = [token for token in found if until is None or token.inserted_at <= until]
            await asyncio.gather(*(self._insist(token, change) for token in meant))
            if after is None:
                return

    async def _insist(self, token: Token, change: Callable[[Token], Awaitable[None]]) -> None:
        """Whatever else changes it meanwhile."""
        known: Token | None = token
        while known is not None:
            try:
                await change(known)
                return
            except RevisionConflict:
                known = await self._repository.get(token.platform_id, token.id, ended=True)

    async def _end(self, token: Token) -> None:
        if not token.ended:
            ended = token.model_copy(update={"ended": True})
            await self._repository.save(ended, [self._changed(ended, deleted=True)])

    async def _remove_quietly(self, token: Token) -> None:
        with suppress(RevisionConflict):
            await self._remove(token)

    async def _remove(self, token: Token) -> None:
        await self._repository.remove(token, [self._changed(token, deleted=True)])

    async def _merge(self, token: Token, new: NewToken) -> Token:
        """Into the token that holds the id: the user's own for the same security, else it is a conflict."""
        known = await self._repository.get(token.platform_id, token.id)
        if known is None or _belongs_to(known) != _belongs_to(token):
            raise Conflict("id_taken", "id: another token has it; leave it out or choose another.")
        return await self.update(known, new.members, new.credential)

    async def _undo_unless_owned(self, token: Token) -> None:
        """A user or service deleted while its token was made would have left it behind."""
        try:
            user = await self._identity.user(token.platform_id, token.user_id)
            if user.row_id != token.user_row_id:
                raise NotFound("user_not_found", "userId: the user was deleted meanwhile.")
            await self._catalog.service(token.platform_id, token.service_id, user)
        except ServiceError:
            await self._remove_quietly(token)
            raise

    def _fresh(self, user: UserGrant, security: SecurityGrant, new: NewToken) -> Token:
        now = self._clock.now()
        return Token(
            id=new.id or new_id(),
            platform_id=user.platform_id,
            user_row_id=user.row_id,
            user_id=user.user_id,
            service_id=security.service_id,
            security_id=security.id,
            kind=new.credential.kind,
            connected_at=now,
            inserted_at=now,
            updated_at=now,
            **new.members,
        )

    async def _sealed(self, token: Token, credential: Credential) -> Token:
        """The token with the credential's secrets in place of its own, connected now."""
        sealed = await self._seals.seal_secrets(token, credential.secrets)
        if credential.partial:
            sealed = {**token.sealed, **sealed}
        changes = {"sealed": sealed, "terms": credential.terms, "connected_at": self._clock.now()}
        return token.model_copy(update=changes)

    def _changed(self, token: Token, *, deleted: bool = False) -> Message:
        event = CredentialChanged(
            platform_id=token.platform_id,
            token_id=token.id,
            service_id=token.service_id,
            user_row_id=token.user_row_id,
            revision=token.revision + 1,
            deleted=deleted,
        )
        return encode(event, time=self._clock.now())


def _belongs_to(token: Token) -> tuple[object, ...]:
    return token.user_row_id, token.security_id, token.kind


def _changed_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "The token was changed by another request at the same time; try again.")
