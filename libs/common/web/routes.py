"""Routes as data: what a service serves, mounted on one application or behind a gateway made from the same table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from aiohttp import web

from libs.common.contracts.identity import UserGrant
from libs.common.errors import NotFound, invalid
from libs.common.web.body import Body
from libs.common.web.paging import Page

ANSWER_HEADERS = web.RequestKey("answer_headers", dict[str, str])


class User(Enum):
    """Whether a route takes the acting user as `?userId=`."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A parameter that a route takes in its query, beside `userId`, and `limit` and `cursor` where it lists."""

    name: str
    description: str
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(slots=True)
class ApiRequest:
    """One authenticated request, parsed. `user` is None where the key acts for the platform itself."""

    raw: web.BaseRequest
    parameters: Mapping[str, str]
    request_id: str
    platform_id: str
    user: UserGrant | None
    body: Any
    page: Page

    def path(self, name: str) -> str:
        return self.parameters[name]

    def query(self, name: str) -> str | None:
        return self.raw.query.get(name)

    def flag(self, name: str) -> bool:
        """A boolean query parameter; raises Invalid for anything but true and false."""
        value = self.raw.query.get(name, "false")
        if value not in ("true", "false"):
            raise invalid(name, "give true or false")
        return value == "true"

    def answer_header(self, name: str, value: str) -> None:
        """Goes with the answer, whether that is a success or a problem."""
        self.raw.setdefault(ANSWER_HEADERS, {})[name] = value

    @property
    def acting_user(self) -> UserGrant:
        """The user of a route that requires one."""
        if self.user is None:
            raise NotFound("user_not_found", "No such user.")
        return self.user


Handler: TypeAlias = Callable[[ApiRequest], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. A handler answers JSON, a `Listing`, or a whole `web.Response`.

    `method` `PUT` is served for `PATCH` too. `body` is the model of the request body; with `json_body` any JSON is
    taken instead, which that type only describes. `effect` marks an operation whose effect may leave the product
    before it is answered. An `open` route needs no key and reads its body itself, up to its own limit. What is
    answered is described by the handler's type, or by `answer` where that says more: the type of the body, or of
    a list's rows. `fails` are statuses of problems beyond those that any such route can answer.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    body: type[Body] | None = None
    json_body: Any = None
    user: User = User.OPTIONAL
    status: int = 200
    effect: bool = False
    open: bool = False
    query: tuple[QueryParameter, ...] = ()
    answer: Any = None
    fails: tuple[int, ...] = ()
