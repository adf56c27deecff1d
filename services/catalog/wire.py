"""What catalog's nouns have in common on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from libs.common.clock import wire_time
from libs.common.web.routes import ApiRequest
from libs.common.web.text import FreeText
from services.catalog.authorship import Actor, Authored


def _name(value: str) -> str:
    if not value.isprintable() or "/" in value:
        raise ValueError("use printable characters other than `/`")
    if value != value.strip():
        raise ValueError("no space at either end")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_name)]
Label = dict[FreeText, FreeText]
JsonObject = dict[str, Any]


def actor_of(asked: ApiRequest) -> Actor:
    return Actor(asked.platform_id, asked.user.user_id if asked.user is not None else None)


def authored_row(thing: Authored) -> dict[str, Any]:
    """Who and when, in camelCase."""
    return {
        "insertedAt": wire_time(thing.inserted_at),
        "createdBy": thing.created_by,
        "updatedAt": wire_time(thing.updated_at),
        "updatedBy": thing.updated_by,
    }
