"""Groups and their members on the wire: camelCase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import model_validator
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.errors import Detail
from libs.common.web.answers import Timestamp
from libs.common.web.body import Body
from libs.common.web.text import FreeText
from services.identity.groups.models import Group, Member, Role, Source
from services.identity.users.schemas import Identified

JsonObject = dict[str, Any]


class GroupUpdate(Body):
    """What can be changed of a group. The reference spells `authorization` in two ways."""

    server_owned = frozenset({"id"})

    name: FreeText = ""
    source: Source = "local"
    authorization: JsonObject = {}

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "Authorization" not in value:
            return value
        rest = {name: member for name, member in value.items() if name != "Authorization"}
        return {**rest, "authorization": value["Authorization"]}

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterable[Detail]:
        if (
            "Authorization" in members
            and members.get("authorization", members["Authorization"]) != members["Authorization"]
        ):
            return [Detail("authorization", "differs from Authorization; send one of them")]
        return []


class GroupCreate(GroupUpdate):
    """A new group, or the one of `id` to be merged into."""

    id: FreeText | None = None
    name: FreeText

    def members(self) -> dict[str, Any]:
        return {name: value for name, value in self.given().items() if name != "id"}


class MemberUpdate(Body):
    """What can be changed of a member."""

    server_owned = frozenset({"id", "user_id", "group_id", "name"})

    role: Role | None = None


class MemberCreate(Identified):
    """A user to be put into a group."""

    server_owned = frozenset({"group_id", "name"})

    role: Role | None = None


class _AuthoredRow(TypedDict):
    insertedAt: Timestamp
    createdBy: str | None
    updatedAt: Timestamp
    updatedBy: str | None


class ListedGroup(_AuthoredRow):
    """A group, as lists answer it."""

    id: str
    name: str


class GroupRow(ListedGroup):
    """A group."""

    source: Source
    authorization: JsonObject


class MemberRow(_AuthoredRow):
    """A user in a group."""

    userId: str
    groupId: str
    role: Role


def listed_group(group: Group) -> ListedGroup:
    """A group as lists answer it."""
    return {"id": group.id, "name": group.name, **_authored(group)}


def group_row(group: Group) -> GroupRow:
    """A group as it is answered alone."""
    return {**listed_group(group), "source": group.source, "authorization": group.authorization}


def member_row(member: Member) -> MemberRow:
    """A member as it is answered."""
    return {"userId": member.user_id, "groupId": member.group_id, "role": member.role, **_authored(member)}


def _authored(thing: Group | Member) -> _AuthoredRow:
    return {
        "insertedAt": wire_time(thing.inserted_at),
        "createdBy": thing.created_by,
        "updatedAt": wire_time(thing.updated_at),
        "updatedBy": thing.updated_by,
    }
