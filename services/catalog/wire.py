"""What catalog's nouns have in common on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, StringConstraints
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.web.answers import Timestamp
from libs.common.web.routes import ApiRequest
from libs.common.web.text import FreeText
from services.catalog.authorship import Actor, Authored
from services.catalog.services.models import Service


def _name(value: str) -> str:
    if not value.isprintable() or "/" in value:
        raise ValueError("use printable characters other than `/`")
    if value != value.strip():
        raise ValueError("no space at either end")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_name)]
Label = dict[FreeText, FreeText]
JsonObject = dict[str, Any]
Row = TypeVar("Row", bound=Mapping[str, Any])


class AuthoredRow(TypedDict):
    """Who and when, in camelCase."""

    insertedAt: Timestamp
    createdBy: str | None
    updatedAt: Timestamp
    updatedBy: str | None


def actor_of(asked: ApiRequest) -> Actor:
    user = asked.user
    if user is None:
        return Actor(asked.platform_id, None)
    return Actor(asked.platform_id, user.user_id, user.groups, user.admin_of)


def authored_row(thing: Authored) -> AuthoredRow:
    return {
        "insertedAt": wire_time(thing.inserted_at),
        "createdBy": thing.created_by,
        "updatedAt": wire_time(thing.updated_at),
        "updatedBy": thing.updated_by,
    }


def shown_to(actor: Actor, service: Service, row: Row) -> Row:
    """The row of what is inside the service; another platform is not told whose users made it."""
    return row if actor.platform_id == service.platform_id else without_authors(row)


def without_authors(row: Row) -> Row:
    return cast(Row, {name: None if name in _AUTHORS else value for name, value in row.items()})


_AUTHORS = frozenset({"createdBy", "updatedBy", "created_by", "updated_by"})
