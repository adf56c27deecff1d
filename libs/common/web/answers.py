"""What a route answers, read from its handler's type: rows are shaped in one place, and described by the same type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from pydantic import Field, with_config
from typing_extensions import TypedDict

from libs.common.web.paging import Listing
from libs.common.web.routes import Route

Timestamp: TypeAlias = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", description="UTC")
]
EmptyText: TypeAlias = Literal[""]


@with_config(extra="forbid")
class Nothing(TypedDict):
    """An empty object: it is done, and there is nothing to say."""


class Created(TypedDict):
    """The id of what was made."""

    id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The type of a row, and whether a list of them is answered."""

    row: Any
    listed: bool


def answered_by(route: Route) -> Answered:
    """As `route.answer` says, where one handler serves several routes; else as its handler's type does."""
    hint = get_type_hints(route.handler, include_extras=True).get("return", Any)
    listed = Listing in (hint, get_origin(hint))
    row = route.answer or (next(iter(get_args(hint)), Any) if listed else hint)
    return Answered(row, listed)
