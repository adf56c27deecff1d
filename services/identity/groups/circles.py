"""Which groups a user is in and whom it meets there, as the store has it."""

from __future__ import annotations

from services.identity.groups.models import Group
from services.identity.groups.repository import GroupRepository, MemberRepository


class Circles:
    """What a user shares with others."""

    def __init__(self, groups: GroupRepository, members: MemberRepository) -> None:
        self._groups = groups
        self._members = members

    async def groups_of(self, platform_id: str, user_row_id: str) -> list[Group]:
        """In no order."""
        ids = [member.group_id async for member in self._members.of_user(user_row_id)]
        return await self._groups.standing(platform_id, ids)

    async def people_of(self, platform_id: str, user_row_id: str) -> set[str]:
        """The row ids of the user and all who share a group with it; some may have been removed."""
        groups = await self.groups_of(platform_id, user_row_id)
        met = {member.user_row_id for group in groups async for member in self._members.of_group(group.id)}
        return met | {user_row_id}

    async def meet(self, platform_id: str, one: str, other: str) -> bool:
        """Whether these two users share a group."""
        groups = await self.groups_of(platform_id, one)
        theirs = {member.group_id async for member in self._members.of_user(other)}
        return any(group.id in theirs for group in groups)
