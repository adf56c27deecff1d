"""What identity says and answers: API keys, users, groups."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from libs.common.contracts.calls import OPERATOR, Call
from libs.common.contracts.envelope import Event, Record


class KeyChanged(Event):
    """A key was made or revoked; `key_hash` is the hex SHA-256 of a random 256-bit secret."""

    topic: ClassVar[str] = "identity.keys"
    type: ClassVar[str] = "identity.key.changed"

    key_id: str
    key_hash: str
    revision: int
    revoked: bool

    @property
    def key(self) -> str:
        return self.key_hash


class UserChanged(Event):
    """A user was made, changed or deleted. `user_row_id` is internal, `user_id` the platform's own identifier."""

    topic: ClassVar[str] = "identity.users"
    type: ClassVar[str] = "identity.user.changed"

    user_row_id: str
    user_id: str
    revision: int
    deleted: bool

    @property
    def key(self) -> str:
        return self.user_row_id


class MembershipChanged(Event):
    """A user joined or left a group, or became or ceased to be one of its admins."""

    topic: ClassVar[str] = "identity.users"
    type: ClassVar[str] = "identity.membership.changed"

    group_id: str
    user_row_id: str
    user_id: str
    revision: int
    deleted: bool

    @property
    def key(self) -> str:
        return self.user_row_id


class KeyQuestion(Record):
    """Whose key is this? `key_hash` is the hex SHA-256 of the key."""

    key_hash: str


class KeyGrant(Record):
    """A valid key acts for this platform."""

    key_id: str
    platform_id: str


class UserQuestion(Record):
    """The user whom the platform calls `user_id`."""

    platform_id: str
    user_id: str


class UserGrant(Record):
    """A user as the other services see one; `row_id` is what their rows refer to.

    `groups` are the ids of the groups that the user is in, `admin_of` of those whose admin it is.
    """

    row_id: str
    platform_id: str
    user_id: str
    email: str | None
    name: str | None
    groups: frozenset[str] = frozenset()
    admin_of: frozenset[str] = frozenset()


class GroupsQuestion(Record):
    """Which of these groups are there, of this platform?"""

    platform_id: str
    ids: tuple[str, ...]


class GroupsGrant(Record):
    """The ids of those that are."""

    ids: frozenset[str]


class KeysUsed(Record):
    """Requests came with these keys of late."""

    key_ids: Annotated[tuple[str, ...], Field(max_length=1000)]


class KeysNoted(Record):
    """For how many of them that was news."""

    count: int


class KeyToRevoke(Record):
    """A platform's key that shall be refused from now on."""

    platform_id: str
    key_id: str


class KeyRevoked(Record):
    """It is; processes that hold it in memory refuse it within a second."""

    key_id: str


AUTHENTICATE_KEY = Call(
    "authenticate-key",
    owner="identity",
    callers=("catalog", "credentials", "executor", "webhooks"),
    request=KeyQuestion,
    answer=KeyGrant,
)
FIND_USER = Call(
    "find-user",
    owner="identity",
    callers=("catalog", "credentials", "executor", "webhooks"),
    request=UserQuestion,
    answer=UserGrant,
)
FIND_GROUPS = Call(
    "find-groups",
    owner="identity",
    callers=("catalog",),
    request=GroupsQuestion,
    answer=GroupsGrant,
)
KEYS_USED = Call(
    "keys-used",
    owner="identity",
    callers=("catalog", "credentials", "executor", "webhooks"),
    request=KeysUsed,
    answer=KeysNoted,
)
REVOKE_KEY = Call(
    "revoke-key",
    owner="identity",
    callers=(OPERATOR,),
    request=KeyToRevoke,
    answer=KeyRevoked,
)
