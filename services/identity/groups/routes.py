"""Routes of groups and their members."""

from __future__ import annotations

from libs.common.web.answers import Created, EmptyText, Nothing
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, Route
from services.identity.acting import Actor
from services.identity.groups.groups import Groups
from services.identity.groups.members import Members
from services.identity.groups.schemas import (
    GroupCreate,
    GroupRow,
    GroupUpdate,
    ListedGroup,
    MemberCreate,
    MemberRow,
    MemberUpdate,
    group_row,
    listed_group,
    member_row,
)

_ALL = "/v1/group"
_ONE = "/v1/group/{groupId}"
_MEMBERS = "/v1/group/{groupId}/user"
_MEMBER = "/v1/group/{groupId}/user/{userId}"


class GroupRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, groups: Groups, members: Members) -> None:
        self._groups = groups
        self._members = members

    def table(self) -> tuple[Route, ...]:
        return (
            Route("GET", _ALL, self.list_groups, "List groups"),
            Route("POST", _ALL, self.create, "Create a group, or merge into the one of that id", GroupCreate),
            Route("GET", _ONE, self.get, "Get a group"),
            Route("PUT", _ONE, self.update, "Update a group", GroupUpdate),
            Route("DELETE", _ONE, self.delete, "Delete a group"),
            Route("GET", _MEMBERS, self.list_members, "List the users in a group"),
            Route("POST", _MEMBERS, self.add_member, "Add a user to a group", MemberCreate, status=201),
            Route("GET", _MEMBER, self.get_member, "Get a user in a group"),
            Route("PUT", _MEMBER, self.update_member, "Change a user's role in a group", MemberUpdate),
            Route("DELETE", _MEMBER, self.remove_member, "Remove a user from a group"),
        )

    async def list_groups(self, asked: ApiRequest) -> Listing[ListedGroup]:
        groups, following = await self._groups.page(Actor.of(asked), asked.page)
        return Listing([listed_group(group) for group in groups], following)

    async def create(self, asked: ApiRequest) -> Created:
        body: GroupCreate = asked.body
        group = await self._groups.create(Actor.of(asked), body.id, body.members())
        return {"id": group.id}

    async def get(self, asked: ApiRequest) -> GroupRow:
        return group_row(await self._groups.readable(Actor.of(asked), asked.path("groupId")))

    async def update(self, asked: ApiRequest) -> GroupRow:
        return group_row(await self._groups.update(Actor.of(asked), asked.path("groupId"), asked.body.given()))

    async def delete(self, asked: ApiRequest) -> Nothing:
        await self._groups.delete(Actor.of(asked), asked.path("groupId"))
        return {}

    async def list_members(self, asked: ApiRequest) -> Listing[MemberRow]:
        members, following = await self._members.page(Actor.of(asked), asked.path("groupId"), asked.page)
        return Listing([member_row(member) for member in members], following)

    async def add_member(self, asked: ApiRequest) -> EmptyText:
        body: MemberCreate = asked.body
        await self._members.add(Actor.of(asked), asked.path("groupId"), body.identifier, body.role)
        return ""

    async def get_member(self, asked: ApiRequest) -> MemberRow:
        return member_row(await self._members.get(Actor.of(asked), asked.path("groupId"), asked.path("userId")))

    async def update_member(self, asked: ApiRequest) -> MemberRow:
        group_id, user_id, role = asked.path("groupId"), asked.path("userId"), asked.body.role
        return member_row(await self._members.update(Actor.of(asked), group_id, user_id, role))

    async def remove_member(self, asked: ApiRequest) -> Nothing:
        await self._members.remove(Actor.of(asked), asked.path("groupId"), asked.path("userId"))
        return {}
