"""Users: made or merged by the platform's own identifier, deleted with an event that ends what is theirs."""

from __future__ import annotations

from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import UserChanged, UserGrant, UserQuestion
from libs.common.errors import Conflict, NotFound
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page
from libs.common.web.text import is_free_text
from services.identity.models import User
from services.identity.repository import UserRepository


class Users:
    """The verbs on users. `auto_provision`: an unknown user is made on first use."""

    def __init__(self, repository: UserRepository, clock: Clock, *, auto_provision: bool) -> None:
        self._repository = repository
        self._clock = clock
        self._auto_provision = auto_provision

    async def put(self, platform_id: str, user_id: str, members: dict[str, Any]) -> User:
        """Makes the user, or merges into the one of that id. Raises Conflict when the e-mail is taken."""
        known = await self._repository.by_user_id(platform_id, user_id)
        if known is not None:
            return await self._merge(known, members)
        now = self._clock.now()
        user = User(
            row_id=new_id(), platform_id=platform_id, user_id=user_id, inserted_at=now, updated_at=now, **members
        )
        try:
            return await self._repository.add(user, [self._changed(user)])
        except DuplicateKey:
            return await self.update(platform_id, user_id, members)

    async def get(self, platform_id: str, user_id: str) -> User:
        """Raises NotFound."""
        user = await self._repository.by_user_id(platform_id, user_id)
        if user is None:
            raise _no_such_user()
        return user

    async def page(self, platform_id: str, page: Page) -> tuple[list[User], str | None]:
        return await self._repository.page(platform_id, page)

    async def update(self, platform_id: str, user_id: str, members: dict[str, Any]) -> User:
        """Raises NotFound, Conflict."""
        return await self._merge(await self.get(platform_id, user_id), members)

    async def delete(self, platform_id: str, user_id: str) -> None:
        """Raises NotFound. What the user leaves behind elsewhere is ended by the event."""
        user = await self.get(platform_id, user_id)
        try:
            removed = await self._repository.remove(user, [self._changed(user, deleted=True)])
        except RevisionConflict:
            raise _changed_meanwhile() from None
        if not removed:
            raise _no_such_user()

    async def grant(self, question: UserQuestion) -> UserGrant | None:
        """The user as other services see one; None when there is none."""
        user = await self._repository.by_user_id(question.platform_id, question.user_id)
        if user is None and self._auto_provision and is_free_text(question.user_id):
            user = await self.put(question.platform_id, question.user_id, {})
        if user is None:
            return None
        return UserGrant(
            row_id=user.row_id,
            platform_id=user.platform_id,
            user_id=user.user_id,
            email=user.email,
            name=user.name,
        )

    async def _merge(self, user: User, members: dict[str, Any]) -> User:
        changed = user.model_copy(update={**members, "updated_at": self._clock.now()})
        try:
            return await self._repository.save(changed, [self._changed(changed)])
        except RevisionConflict:
            raise _changed_meanwhile() from None

    def _changed(self, user: User, *, deleted: bool = False) -> Message:
        event = UserChanged(
            platform_id=user.platform_id,
            user_row_id=user.row_id,
            user_id=user.user_id,
            revision=user.revision + 1,
            deleted=deleted,
        )
        return encode(event, time=self._clock.now())


def _no_such_user() -> NotFound:
    return NotFound("user_not_found", "This platform has no such user.")


def _changed_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "The user was changed by another request at the same time; try again.")
