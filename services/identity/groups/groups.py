"""Groups: made or merged by id, changed by their admins, deleted with their memberships."""

from __future__ import annotations

from typing import Any

from libs.common.clock import Clock
from libs.common.contracts.identity import GroupsGrant, GroupsQuestion
from libs.common.errors import Conflict
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.paging import Page, page_among
from services.identity.acting import Actor
from services.identity.groups.circles import Circles
from services.identity.groups.memberships import Memberships, settled
from services.identity.groups.models import Group, changed_meanwhile, no_such_group
from services.identity.groups.repository import PURGE_LEASE, GroupRepository, MemberRepository, group_cursor
from services.identity.removal import Removal


class Groups:
    """The verbs on groups."""

    def __init__(
        self,
        repository: GroupRepository,
        members: MemberRepository,
        memberships: Memberships,
        circles: Circles,
        removal: Removal,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._members = members
        self._memberships = memberships
        self._circles = circles
        self._removal = removal
        self._clock = clock

    async def create(self, actor: Actor, id: str | None, members: dict[str, Any]) -> Group:
        """Makes a group, or merges into the one of that id. A user becomes its admin. Raises Forbidden, Conflict."""
        id = id or new_id()
        known = await self._repository.get(id)  # a new id too: a request that was cut off comes again with the same
        try:
            if known is None:
                return await self._make(actor, id, members)
            return await self._merge_into(known, actor, members)
        except (DuplicateKey, RevisionConflict):
            raise changed_meanwhile() from None

    async def page(self, actor: Actor, page: Page) -> tuple[list[Group], str | None]:
        if actor.user is None:
            return await self._repository.page(actor.platform_id, page)
        return page_among(await self._circles.groups_of(actor.platform_id, actor.user.row_id), page, group_cursor)

    async def readable(self, actor: Actor, id: str) -> Group:
        """Raises NotFound, also for a user who is not in it."""
        group = await self._repository.get(id)
        if group is None or not group.stands_in(actor.platform_id) or not await self._is_seen(group, actor):
            raise no_such_group()
        return group

    async def managed(self, actor: Actor, id: str) -> Group:
        """Raises NotFound, or Forbidden for a member who is no admin."""
        group = await self.readable(actor, id)
        group.refuse_change_by(actor)
        return group

    async def update(self, actor: Actor, id: str, members: dict[str, Any]) -> Group:
        """Raises NotFound, Forbidden, Conflict."""
        return await settled(lambda: self._merge(actor, id, members))

    async def delete(self, actor: Actor, id: str) -> None:
        """Raises NotFound, Forbidden, Conflict. When it returns, nobody is in it any more."""
        await settled(lambda: self._end(actor, id))
        await self._removal.finish(id)

    async def grant(self, question: GroupsQuestion) -> GroupsGrant:
        groups = await self._repository.standing(question.platform_id, question.ids)
        return GroupsGrant(ids=frozenset(group.id for group in groups))

    async def _make(self, actor: Actor, id: str, members: dict[str, Any]) -> Group:
        now, author = self._clock.now(), actor.user_id
        group = Group(
            id=id,
            platform_id=actor.platform_id,
            inserted_at=now,
            created_by=author,
            updated_at=now,
            updated_by=author,
            **members,
        )
        if actor.user is None:
            return await self._repository.add(group)
        begun = group.model_copy(update={"founder_id": actor.user.row_id, "purge_at": now + PURGE_LEASE})
        return await self._memberships.found(actor, await self._repository.add(begun), actor.user)

    async def _merge_into(self, known: Group, actor: Actor, members: dict[str, Any]) -> Group:
        if known.platform_id != actor.platform_id:
            raise _id_taken()
        if known.purge_at is None:
            if not await self._is_seen(known, actor):
                raise _id_taken()
            return await self.update(actor, known.id, members)
        if actor.user is not None and actor.user.row_id == known.founder_id:  # cut off before
            return await self._memberships.found(actor, known.model_copy(update=members), actor.user)
        raise Conflict(
            "group_not_settled", "id: the group of this id is just being made or removed; try again.", retry_after_s=1
        )

    async def _merge(self, actor: Actor, id: str, members: dict[str, Any]) -> Group:
        group = await self.managed(actor, id)
        author = {"updated_at": self._clock.now(), "updated_by": actor.user_id}
        return await self._repository.save(group.model_copy(update={**members, **author}))

    async def _end(self, actor: Actor, id: str) -> None:
        group = await self.managed(actor, id)
        await self._repository.save(group.model_copy(update={"purge_at": self._clock.now() + PURGE_LEASE}))

    async def _is_seen(self, group: Group, actor: Actor) -> bool:
        return actor.user is None or await self._members.get(group.id, actor.user.row_id) is not None


def _id_taken() -> Conflict:
    return Conflict("id_taken", "id: something else has this id; leave it out or use another.")
