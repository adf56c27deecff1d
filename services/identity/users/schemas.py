"""Users on the wire: camelCase, and the members that the reference shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.errors import Detail
from libs.common.web.answers import Timestamp
from libs.common.web.body import Body
from libs.common.web.text import FreeText
from services.identity.users.models import User


def _email(value: str) -> str:
    local, at, domain = value.partition("@")
    if not (local and at and domain) or any(character.isspace() for character in value):
        raise ValueError("must be an e-mail address")
    return value.lower()


Email = Annotated[FreeText, AfterValidator(_email)]


class UserUpdate(Body):
    """What can be changed of a user."""

    server_owned = frozenset({"id", "user_id"})

    email: Email | None = None
    name: FreeText | None = None


class Identified(Body):
    """A body that names a user; `id` and `userId` mean the same."""

    user_id: FreeText | None = None
    id: FreeText | None = None

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterable[Detail]:
        named = [members[name] for name in ("user_id", "id") if members.get(name) is not None]
        if not named:
            return [Detail("userId", "required, the platform's own identifier of the user")]
        return [Detail("userId", "differs from id; send one of them")] if named[0] != named[-1] else []

    @property
    def identifier(self) -> str:
        return self.user_id or self.id or ""


class UserCreate(Identified):
    """A new user, or the one of that identifier to be merged into."""

    email: Email | None = None
    name: FreeText | None = None

    def members(self) -> dict[str, Any]:
        return {name: value for name, value in self.given().items() if name in ("email", "name")}


class UserRow(TypedDict):
    """A user."""

    id: str
    email: str | None
    name: str | None
    insertedAt: Timestamp
    updatedAt: Timestamp


def user_row(user: User) -> UserRow:
    """A user as it is answered."""
    return {
        "id": user.user_id,
        "email": user.email,
        "name": user.name,
        "insertedAt": wire_time(user.inserted_at),
        "updatedAt": wire_time(user.updated_at),
    }
