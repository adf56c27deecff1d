"""Who is in a group and who is an admin of it, however many change that at once.

The group's document decides who is an admin, the membership's that somebody is in it. Whoever names an admin reads
the group, writes the membership, then the group; whoever takes one away reads the membership, writes the group,
then the membership. Each write shows the revision that was read, and what another one overtook begins anew: so an
admin is a member at every moment, and the last one stays. Who comes back has a new membership: its id is never used
again, or one that takes away the former could take away the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import MembershipChanged, UserGrant
from libs.common.errors import Conflict, NotFound
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from services.identity.acting import Actor
from services.identity.groups.models import Group, Member, Role, changed_meanwhile, no_such_group, no_such_member
from services.identity.groups.repository import GroupRepository, MemberRepository
from services.identity.users.models import User, no_such_user
from services.identity.users.repository import UserRepository

T = TypeVar("T")
Person: TypeAlias = User | UserGrant
_ATTEMPTS = 25
_AT_ONCE = 32


class Memberships:
    """Putting users into groups, and taking them out."""

    def __init__(self, groups: GroupRepository, members: MemberRepository, users: UserRepository, clock: Clock) -> None:
        self._groups = groups
        self._members = members
        self._users = users
        self._clock = clock

    async def put(self, actor: Actor, group_id: str, user: Person, role: Role | None, *, anew: bool = True) -> None:
        """Gives a member that role, or one who is none where `anew` allows it; None leaves a role as it is.

        Raises NotFound, Conflict.
        """
        try:
            is_member = await settled(lambda: self._settle(actor, group_id, user, role, anew=anew))
            await self.confirm(actor.platform_id, group_id, user.row_id)
        except NotFound:
            await self.take(group_id, user.row_id, forced=True)
            raise
        if not is_member:
            raise no_such_member()

    async def take(self, group_id: str, user_row_id: str, *, forced: bool = False) -> bool:
        """Takes the user out; False when it is not in. Raises Conflict for the last admin, unless forced."""
        return await settled(lambda: self._take(group_id, user_row_id, forced=forced))

    async def found(self, actor: Actor, group: Group, founder: Person) -> Group:
        """Lets a group stand that was being made, with its founder as admin. Raises NotFound, Conflict."""
        member = await self._members.get(group.id, founder.row_id)
        written = await self._write(actor, member or self._new(actor, group, founder, "admin"), "admin")
        stands = group.model_copy(update={"admin_ids": (founder.row_id,), "founder_id": None, "purge_at": None})
        made = await self._groups.save(stands, [self._changed(written)])
        try:
            await self.confirm(group.platform_id, group.id, founder.row_id)
        except NotFound:
            await self.take(group.id, founder.row_id, forced=True)
            raise
        return made

    async def confirm(self, platform_id: str, group_id: str, user_row_id: str) -> None:
        """Raises NotFound if one of them was removed by now: its removal may not have seen what was just written."""
        if not await self._groups.standing(platform_id, [group_id]):
            raise no_such_group()
        if not await self._users.by_row_ids(platform_id, [user_row_id]):
            raise no_such_user()

    async def end_of_user(self, user_row_id: str) -> None:
        """Takes a removed user out of all its groups, the last admin too."""
        await self._take_all(self._members.of_user(user_row_id))

    async def end_of_group(self, group_id: str) -> None:
        """Takes everybody out of a removed group."""
        await self._take_all(self._members.of_group(group_id))

    async def _settle(self, actor: Actor, group_id: str, user: Person, role: Role | None, *, anew: bool) -> bool:
        group = await self._groups.get(group_id)
        if group is None or not group.stands_in(actor.platform_id):
            raise no_such_group()
        member = await self._members.get(group_id, user.row_id)
        if member is None and not anew:
            return False
        if role == "admin" and user.row_id not in group.admin_ids:
            written = await self._write(actor, member or self._new(actor, group, user, role), role)
            named = group.model_copy(update={"admin_ids": (*group.admin_ids, user.row_id)})
            await self._groups.save(named, [self._changed(written)])
        elif member is None:
            await self._write(actor, self._new(actor, group, user, role or "member"), role or "member")
        elif role == "member" and (member.role == "admin" or user.row_id in group.admin_ids):
            await self._unname(member, forced=False)
            await self._write(actor, member, role)
        return True

    async def _take_all(self, members: AsyncIterator[Member]) -> None:
        batch = list[Member]()
        async for member in members:
            batch.append(member)
            if len(batch) == _AT_ONCE:
                await self._take_each(batch)
                batch.clear()
        await self._take_each(batch)

    async def _take_each(self, members: Sequence[Member]) -> None:
        await asyncio.gather(*(self.take(each.group_id, each.user_row_id, forced=True) for each in members))

    async def _take(self, group_id: str, user_row_id: str, *, forced: bool) -> bool:
        member = await self._members.get(group_id, user_row_id)
        if member is None:
            return False
        await self._unname(member, forced=forced)
        return await self._members.remove(member, [self._changed(member, deleted=True)])

    async def _unname(self, member: Member, *, forced: bool) -> None:
        """Also where the group does not name it yet: whoever is about to is overtaken by this."""
        group = await self._groups.get(member.group_id)
        if group is None or group.is_removed or (member.role != "admin" and member.user_row_id not in group.admin_ids):
            return
        others = tuple(row_id for row_id in group.admin_ids if row_id != member.user_row_id)
        if member.user_row_id in group.admin_ids and not forced and not await self._any_is_there(group, others):
            raise Conflict("last_admin", "A group keeps its last admin; make another member an admin first.")
        await self._groups.save(group.model_copy(update={"admin_ids": others}), [self._changed(member)])

    async def _any_is_there(self, group: Group, row_ids: tuple[str, ...]) -> bool:
        """One who was removed stays named until that is finished."""
        return bool(row_ids) and bool(await self._users.by_row_ids(group.platform_id, row_ids))

    async def _write(self, actor: Actor, member: Member, role: Role) -> Member:
        changes = {"role": role, "updated_at": self._clock.now(), "updated_by": actor.user_id}
        changed = member.model_copy(update=changes)
        write = self._members.save if member.revision else self._members.add
        return await write(changed, [self._changed(changed)])

    def _new(self, actor: Actor, group: Group, user: Person, role: Role) -> Member:
        now = self._clock.now()
        return Member(
            id=new_id(),
            platform_id=group.platform_id,
            group_id=group.id,
            user_row_id=user.row_id,
            user_id=user.user_id,
            role=role,
            inserted_at=now,
            created_by=actor.user_id,
            updated_at=now,
            updated_by=actor.user_id,
        )

    def _changed(self, member: Member, *, deleted: bool = False) -> Message:
        event = MembershipChanged(
            platform_id=member.platform_id,
            group_id=member.group_id,
            user_row_id=member.user_row_id,
            user_id=member.user_id,
            revision=member.revision + 1,
            deleted=deleted,
        )
        return encode(event, time=self._clock.now())


async def settled(change: Callable[[], Awaitable[T]]) -> T:
    """Makes a change that reads first, anew for as long as others overtake it. Raises Conflict in the end."""
    for _ in range(_ATTEMPTS):
        try:
            return await change()
        except (RevisionConflict, DuplicateKey):
            continue
    raise changed_meanwhile()
