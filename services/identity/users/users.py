"""Users: made or merged by the platform's own identifier, deleted with an event that ends what is theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import UserChanged, UserGrant, UserQuestion
from libs.common.errors import Conflict, Forbidden, NotFound
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page, page_among
from libs.common.web.text import is_free_text
from services.identity.acting import Actor
from services.identity.groups.circles import Circles
from services.identity.removal import Removal
from services.identity.users.models import User, no_such_user
from services.identity.users.repository import UserRepository, cursor_of


class Users:
    """The verbs on users. `auto_provision`: an unknown user is made on first use."""

    def __init__(
        self, repository: UserRepository, circles: Circles, removal: Removal, clock: Clock, *, auto_provision: bool
    ) -> None:
        self._repository = repository
        self._circles = circles
        self._removal = removal
        self._clock = clock
        self._auto_provision = auto_provision

    async def put(self, actor: Actor, user_id: str, members: dict[str, Any]) -> User:
        """Makes the user, or merges into the one of that id. Raises NotFound, Forbidden, Conflict."""
        known = await self.known(actor.platform_id, user_id)
        if known is None and actor.user is None:
            return await self._make(actor.platform_id, user_id, members)
        return await self._merge(await self._writable(actor, known), members)

    async def get(self, actor: Actor, user_id: str) -> User:
        """Raises NotFound, also for one whom the acting user does not meet in any group."""
        return await self._visible(actor, await self.known(actor.platform_id, user_id))

    async def page(self, actor: Actor, page: Page) -> tuple[list[User], str | None]:
        if actor.user is None:
            return await self._repository.page(actor.platform_id, page)
        seen = await self._circles.people_of(actor.platform_id, actor.user.row_id)
        return page_among(await self._repository.by_row_ids(actor.platform_id, seen), page, cursor_of)

    async def update(self, actor: Actor, user_id: str, members: dict[str, Any]) -> User:
        """Raises NotFound, Forbidden, Conflict."""
        known = await self.known(actor.platform_id, user_id)
        return await self._merge(await self._writable(actor, known), members)

    async def delete(self, actor: Actor, user_id: str) -> None:
        """Raises NotFound, Forbidden, Conflict. What the user leaves behind elsewhere is ended by the event."""
        user = await self._writable(actor, await self.known(actor.platform_id, user_id))
        try:
            await self._repository.bury(user, self._clock.now(), [self._changed(user, deleted=True)])
        except RevisionConflict:
            raise _changed_meanwhile() from None
        await self._removal.finish(user.row_id)

    async def known(self, platform_id: str, user_id: str) -> User | None:
        """Whom the platform calls so, if anybody."""
        return await self._repository.by_user_id(platform_id, user_id)

    async def present(self, platform_id: str, row_ids: Iterable[str]) -> set[str]:
        """Those of them who are still there."""
        return {user.row_id for user in await self._repository.by_row_ids(platform_id, row_ids)}

    async def provided(self, platform_id: str, user_id: str) -> User:
        """The user, made now where that is allowed. Raises NotFound."""
        user = await self.known(platform_id, user_id)
        if user is None and self._auto_provision and is_free_text(user_id):
            user = await self._make(platform_id, user_id, {})
        if user is None:
            raise no_such_user()
        return user

    async def grant(self, question: UserQuestion) -> UserGrant | None:
        """The user as other services see one; None when there is none."""
        try:
            user = await self.provided(question.platform_id, question.user_id)
        except NotFound:
            return None
        groups = await self._circles.groups_of(user.platform_id, user.row_id)
        return UserGrant(
            row_id=user.row_id,
            platform_id=user.platform_id,
            user_id=user.user_id,
            email=user.email,
            name=user.name,
            groups=frozenset(group.id for group in groups),
            admin_of=frozenset(group.id for group in groups if user.row_id in group.admin_ids),
        )

    async def _make(self, platform_id: str, user_id: str, members: dict[str, Any]) -> User:
        now = self._clock.now()
        user = User(
            row_id=new_id(), platform_id=platform_id, user_id=user_id, inserted_at=now, updated_at=now, **members
        )
        try:
            return await self._repository.add(user, [self._changed(user)])
        except DuplicateKey:
            return await self.update(Actor(platform_id), user_id, members)

    async def _visible(self, actor: Actor, user: User | None) -> User:
        """Raises NotFound."""
        if user is None:
            raise no_such_user()
        if actor.user is None or actor.user.row_id == user.row_id:
            return user
        if not await self._circles.meet(actor.platform_id, actor.user.row_id, user.row_id):
            raise no_such_user()
        return user

    async def _writable(self, actor: Actor, user: User | None) -> User:
        """Raises NotFound, or Forbidden for another user who can be seen."""
        user = await self._visible(actor, user)
        if actor.user is not None and actor.user.row_id != user.row_id:
            raise Forbidden(
                "another_user", "userId: a user may change itself alone; leave it out to act for the platform."
            )
        return user

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


def _changed_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "The user was changed by another request at the same time; try again.")
