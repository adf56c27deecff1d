"""The members of a group: seen by its members, managed by its admins, free to leave."""

from __future__ import annotations

from libs.common.web.paging import Page
from services.identity.acting import Actor
from services.identity.groups.groups import Groups
from services.identity.groups.memberships import Memberships
from services.identity.groups.models import Member, Role, no_such_member
from services.identity.groups.repository import MemberRepository
from services.identity.users.models import User
from services.identity.users.users import Users


class Members:
    """The verbs on members. What they answer has the role that the group decided."""

    def __init__(self, groups: Groups, repository: MemberRepository, memberships: Memberships, users: Users) -> None:
        self._groups = groups
        self._repository = repository
        self._memberships = memberships
        self._users = users

    async def page(self, actor: Actor, group_id: str, page: Page) -> tuple[list[Member], str | None]:
        """By user id. Raises NotFound."""
        group = await self._groups.readable(actor, group_id)
        members, following = await self._repository.page(group.id, page)
        present = await self._users.present(actor.platform_id, [member.user_row_id for member in members])
        return [group.decided(member) for member in members if member.user_row_id in present], following

    async def get(self, actor: Actor, group_id: str, user_id: str) -> Member:
        """Raises NotFound."""
        group = await self._groups.readable(actor, group_id)
        user = await self._users.known(actor.platform_id, user_id)
        member = await self._repository.get(group.id, user.row_id) if user is not None else None
        if member is None:
            raise no_such_member()
        return group.decided(member)

    async def add(self, actor: Actor, group_id: str, user_id: str, role: Role | None) -> None:
        """A new member has the role `member` unless another is given. Raises NotFound, Forbidden, Conflict."""
        group = await self._groups.managed(actor, group_id)
        user = await self._users.provided(actor.platform_id, user_id)
        await self._memberships.put(actor, group.id, user, role)

    async def update(self, actor: Actor, group_id: str, user_id: str, role: Role | None) -> Member:
        """Raises NotFound, Forbidden, Conflict."""
        await self._groups.managed(actor, group_id)
        user = await self._member(actor, group_id, user_id)
        await self._memberships.put(actor, group_id, user, role, anew=False)
        return await self.get(actor, group_id, user_id)

    async def remove(self, actor: Actor, group_id: str, user_id: str) -> None:
        """A user may always leave, but for the last admin. Raises NotFound, Forbidden, Conflict."""
        group = await self._groups.readable(actor, group_id)
        if actor.user_id != user_id:
            group.refuse_change_by(actor)
        user = await self._member(actor, group_id, user_id)
        if not await self._memberships.take(group_id, user.row_id):
            raise no_such_member()

    async def _member(self, actor: Actor, group_id: str, user_id: str) -> User:
        user = await self._users.known(actor.platform_id, user_id)
        if user is None or await self._repository.get(group_id, user.row_id) is None:
            raise no_such_member()
        return user
