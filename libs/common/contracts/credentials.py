"""What credentials says and answers: user tokens and platform variable values. No event carries a secret."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from libs.common.contracts.calls import Call
from libs.common.contracts.envelope import Event, Record


class CredentialChanged(Event):
    """A user's token was connected, changed or revoked."""

    topic: ClassVar[str] = "credentials.tokens"
    type: ClassVar[str] = "credentials.token.changed"

    token_id: str
    service_id: str
    user_row_id: str
    revision: int
    deleted: bool

    @property
    def key(self) -> str:
        return f"{self.platform_id}/{self.service_id}"


class VariableValueChanged(Event):
    """A platform set its value of a service's variable, whose identity is `variable_id`, or lost it."""

    topic: ClassVar[str] = "credentials.tokens"
    type: ClassVar[str] = "credentials.variable.changed"

    service_id: str
    variable_id: str
    revision: int

    @property
    def key(self) -> str:
        return f"{self.platform_id}/{self.service_id}"


class CredentialQuestion(Record):
    """The user's token for a service: the named one, else the most recently connected active one.

    With `ended` also that of a deleted user or service, until what their `delete` hooks need is gone.
    """

    platform_id: str
    user_row_id: str
    service_id: str
    credential_id: str | None = None
    ended: bool = False


class CredentialGrant(Record):
    """A usable token: the secret itself, and how the security puts it on a request.

    `hosts` limits where it may go (`api.example.com`, `*.example.com`); None means anywhere.
    """

    id: str
    name: str | None
    service_url: str | None
    virtual_id: str | None
    token: str = Field(repr=False)
    headers: dict[str, str] = Field(repr=False)
    query: dict[str, str] = Field(repr=False)
    hosts: tuple[str, ...] | None


class VariablesQuestion(Record):
    """A platform's values of a service's variables. `ended` as in CredentialQuestion."""

    platform_id: str
    service_id: str
    ended: bool = False


class VariablesGrant(Record):
    """Values by variable name; `missing` names the required variables that have none."""

    values: dict[str, Any] = Field(repr=False)
    missing: tuple[str, ...]


class ValueToKeep(Record):
    """A variable's value, handed over by catalog to be sealed; `variable_id` is the variable's identity."""

    platform_id: str
    service_id: str
    variable_id: str
    value: object = Field(repr=False)


class ValueHandle(Record):
    """What stands for the sealed value in the variable's schema, as `x-secure-default`."""

    handle: str


class TokensQuestion(Record):
    """How many tokens are there for a service, on all platforms?"""

    service_id: str


class TokensCount(Record):
    """The answer to TokensQuestion."""

    count: int


FIND_CREDENTIAL = Call(
    "find-credential",
    owner="credentials",
    callers=("executor", "webhooks"),
    request=CredentialQuestion,
    answer=CredentialGrant,
)
FIND_VARIABLES = Call(
    "find-variables",
    owner="credentials",
    callers=("executor", "webhooks"),
    request=VariablesQuestion,
    answer=VariablesGrant,
)
COUNT_TOKENS = Call(
    "count-tokens",
    owner="credentials",
    callers=("catalog",),
    request=TokensQuestion,
    answer=TokensCount,
)
KEEP_VALUE = Call(
    "keep-value",
    owner="credentials",
    callers=("catalog",),
    request=ValueToKeep,
    answer=ValueHandle,
)
