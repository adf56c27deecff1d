"""What credentials keeps: users' tokens and platforms' variable values, every secret in them sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from libs.common.clock import CLOCKS_APART
from libs.common.ids import derived_id


class Kind(StrEnum):
    """What a user proves itself with; the value is the member of the create body that holds it."""

    KEY = "key"
    BASIC = "basic"
    OAUTH = "oauth"


class State(StrEnum):
    """Whether a token can be used."""

    ACTIVE = "active"
    NEEDS_RECONNECT = "needs_reconnect"


class OAuthTerms(BaseModel):
    """What came with an OAuth token besides its secrets."""

    model_config = ConfigDict(frozen=True)

    token_type: str | None = None
    expires_at: datetime | None = None
    refresh_token_expiration: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a user proves itself with, in plain: it lives while a request runs.

    A `partial` one changes some secrets of a token and leaves the others.
    """

    kind: Kind
    secrets: Mapping[str, str] = field(repr=False)
    terms: OAuthTerms | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made, its service and security as the client named them; `id` where it chose one.

    `members` are those that can be changed later: name, virtual_id, service_url.
    """

    credential: Credential
    service_ref: str | None
    security_ref: str | None
    id: str | None
    members: Mapping[str, str | None]


class Token(BaseModel):
    """A user's connection to a service. `user_row_id` is ours, `user_id` the platform's own identifier.

    One that is `ended` lost its user or its service: `delete` hooks alone may spend it, until it is purged.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    user_row_id: str
    user_id: str
    service_id: str
    security_id: str
    kind: Kind
    state: State = State.ACTIVE
    ended: bool = False
    sealed: dict[str, str] = Field(default_factory=dict, repr=False)
    terms: OAuthTerms | None = None
    name: str | None = None
    virtual_id: str | None = None
    service_url: str | None = None
    connected_at: datetime
    inserted_at: datetime
    updated_at: datetime
    revision: int = 0

    def state_at(self, now: datetime) -> State:
        """An expired token is no longer active, whatever was kept."""
        expires_at = self.terms.expires_at if self.terms else None
        return State.NEEDS_RECONNECT if expires_at is not None and expires_at <= now else self.state


class Step(StrEnum):
    """What is to be done with an ending when it is due."""

    END = "end"
    PURGE = "purge"


class Ending(BaseModel):
    """A user or a service was deleted, and what it had here ends."""

    model_config = ConfigDict(frozen=True)

    id: str
    user_row_id: str | None
    service_id: str | None
    step: Step
    deleted_at: datetime
    due_at: datetime
    revision: int = 0

    @property
    def subject(self) -> str:
        return self.user_row_id or self.service_id or ""

    @property
    def of(self) -> Mapping[str, str]:
        """What its tokens have in common."""
        ids = {"user_row_id": self.user_row_id, "service_id": self.service_id}
        return {name: id for name, id in ids.items() if id is not None}

    @property
    def until(self) -> datetime | None:
        """What was made later is of a service made anew under its id; users never come back under theirs."""
        return self.deleted_at + CLOCKS_APART if self.user_row_id is None else None


class VariableValue(BaseModel):
    """A platform's value of a service's variable, whose identity is `variable_id`."""

    model_config = ConfigDict(frozen=True)

    platform_id: str
    service_id: str
    variable_id: str
    sealed: str = Field(repr=False)
    inserted_at: datetime
    updated_at: datetime
    revision: int = 0

    @property
    def handle(self) -> str:
        return handle_of(self.platform_id, self.service_id, self.variable_id)


def handle_of(platform_id: str, service_id: str, variable_id: str) -> str:
    """What stands for the value in the variable's schema, as `x-secure-default`.

    It follows from whose value it is and of what, so a handle copied from elsewhere stands for nothing.
    """
    return derived_id(service_id, "value", platform_id, variable_id)
