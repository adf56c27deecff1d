"""Groups and their members as they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from libs.common.errors import Conflict, Forbidden, NotFound
from services.identity.acting import Actor

Source = Literal["local", "remote"]
Role = Literal["admin", "member"]


class Group(BaseModel):
    """`admin_ids` are row ids of users, and the one place where it is decided who is an admin.

    With `purge_at` it is not there: it was removed, or is just being made for its `founder_id`, and whatever is
    left of it then is removed.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    name: str
    source: Source = "local"
    authorization: dict[str, Any] = {}
    admin_ids: tuple[str, ...] = ()
    founder_id: str | None = None
    inserted_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    purge_at: datetime | None = None
    revision: int = 0

    def stands_in(self, platform_id: str) -> bool:
        return self.purge_at is None and self.platform_id == platform_id

    @property
    def is_removed(self) -> bool:
        """For good: nobody can become its admin any more."""
        return self.purge_at is not None and self.founder_id is None

    def refuse_change_by(self, actor: Actor) -> None:
        """Raises Forbidden for a user who is no admin of it."""
        if actor.user is not None and actor.user.row_id not in self.admin_ids:
            raise Forbidden("not_an_admin", "userId: only an admin of this group may change it and its members.")

    def decided(self, member: Member) -> Member:
        """The member with the role that it has here."""
        return member.model_copy(update={"role": "admin" if member.user_row_id in self.admin_ids else "member"})


class Member(BaseModel):
    """That a user is in a group. `role` is what was asked for last; the group decides who is an admin."""

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    group_id: str
    user_row_id: str
    user_id: str
    role: Role
    inserted_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    revision: int = 0


def no_such_group() -> NotFound:
    return NotFound("group_not_found", "There is no such group here.")


def no_such_member() -> NotFound:
    return NotFound("member_not_found", "This group has no such member.")


def changed_meanwhile() -> Conflict:
    return Conflict("changed_meanwhile", "The group was changed by others at the same time; try again.")
