"""Routes of users."""

from __future__ import annotations

from libs.common.web.answers import Created, Nothing
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, Route
from services.identity.acting import Actor
from services.identity.users.schemas import UserCreate, UserRow, UserUpdate, user_row
from services.identity.users.users import Users


class UserRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def table(self) -> tuple[Route, ...]:
        return (
            Route("POST", "/v1/user", self.create_user, "Create a user, or merge into the one of that id", UserCreate),
            Route("GET", "/v1/user", self.list_users, "List users"),
            Route("GET", "/v1/user/{userId}", self.get_user, "Get a user"),
            Route("PUT", "/v1/user/{userId}", self.update_user, "Update a user", UserUpdate),
            Route("DELETE", "/v1/user/{userId}", self.delete_user, "Delete a user and what is theirs"),
        )

    async def create_user(self, asked: ApiRequest) -> Created:
        body: UserCreate = asked.body
        user = await self._users.put(Actor.of(asked), body.identifier, body.members())
        return {"id": user.user_id}

    async def list_users(self, asked: ApiRequest) -> Listing[UserRow]:
        users, following = await self._users.page(Actor.of(asked), asked.page)
        return Listing([user_row(user) for user in users], following)

    async def get_user(self, asked: ApiRequest) -> UserRow:
        return user_row(await self._users.get(Actor.of(asked), asked.path("userId")))

    async def update_user(self, asked: ApiRequest) -> Nothing:
        await self._users.update(Actor.of(asked), asked.path("userId"), asked.body.given())
        return {}

    async def delete_user(self, asked: ApiRequest) -> Nothing:
        await self._users.delete(Actor.of(asked), asked.path("userId"))
        return {}
