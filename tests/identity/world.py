"""Identity's verbs on a store of their own, between whose steps a process may end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from libs.common.contracts.identity import UserQuestion
from libs.common.store.port import Store
from libs.common.web.paging import Page
from services.identity.acting import Actor
from services.identity.groups.circles import Circles
from services.identity.groups.groups import Groups
from services.identity.groups.members import Members
from services.identity.groups.memberships import Memberships
from services.identity.groups.repository import GroupRepository, MemberRepository
from services.identity.removal import Removal
from services.identity.users.repository import UserRepository
from services.identity.users.users import Users
from tests.clock import FakeClock

PLATFORM = Actor("acme")


class Crash(BaseException):
    """The process is gone."""


@dataclass
class World:
    """`before_end` is awaited between a tombstone and its cascade."""

    clock: FakeClock
    users: Users
    groups: Groups
    members: Members
    memberships: Memberships
    workers: dict[str, Any]
    before_end: Callable[[], Awaitable[None]]

    async def user(self, user_id: str) -> None:
        await self.users.put(PLATFORM, user_id, {})

    async def as_user(self, user_id: str) -> Actor:
        return Actor("acme", await self.users.grant(UserQuestion(platform_id="acme", user_id=user_id)))

    async def roles(self, group_id: str) -> dict[str, str]:
        members, _ = await self.members.page(PLATFORM, group_id, Page())
        return {member.user_id: member.role for member in members}

    async def cut_off(self, deletion: Awaitable[None]) -> None:
        """The process ends between the tombstone and the cascade."""

        async def crash() -> None:
            raise Crash

        before, self.before_end = self.before_end, crash
        with pytest.raises(Crash):
            await deletion
        self.before_end = before

    async def later(self, worker: str) -> int:
        """What a worker of another process finds to do after the lease; answers how much."""
        self.clock.move(minutes=6)
        repository, removal = self.workers[worker]
        claimed = await (repository.claim_buried if worker == "users" else repository.claim_ended)(10)
        for id in claimed:
            await removal.finish(id)
        return len(claimed)


async def nothing() -> None:
    return None


def world_on(store: Store, clock: FakeClock) -> World:
    """To be made before the store starts."""
    users_kept, groups_kept, members_kept = UserRepository(store), GroupRepository(store), MemberRepository(store)
    circles = Circles(groups_kept, members_kept)
    memberships = Memberships(groups_kept, members_kept, users_kept, clock)

    def removal(claim: Any, end: Any, forget: Any) -> Removal:
        async def gated(id: str) -> None:
            await world.before_end()
            await end(id)

        return Removal(claim, gated, forget)

    of_users = removal(users_kept.claim_buried, memberships.end_of_user, users_kept.forget)
    of_groups = removal(groups_kept.claim_ended, memberships.end_of_group, groups_kept.forget)
    users = Users(users_kept, circles, of_users, clock, auto_provision=False)
    groups = Groups(groups_kept, members_kept, memberships, circles, of_groups, clock)
    members = Members(groups, members_kept, memberships, users)
    workers = {"users": (users_kept, of_users), "groups": (groups_kept, of_groups)}
    world = World(clock, users, groups, members, memberships, workers, nothing)
    return world
