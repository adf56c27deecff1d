"""A subscription: a user's wish to hear of a trigger, at a url or for an automation."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Status(StrEnum):
    """`creating` and `deleting` are ours; `paused` is only ever set by a user."""

    CREATING = "creating"
    ACTIVE = "active"
    FAILING = "failing"
    PAUSED = "paused"
    DISABLED = "disabled"
    NEEDS_RECONNECT = "needs_reconnect"
    DELETING = "deleting"


HEARING = (Status.ACTIVE, Status.FAILING)
"""What a notification is matched with."""

STANDING = (*HEARING, Status.PAUSED, Status.DISABLED, Status.NEEDS_RECONNECT)
"""What exists for its user: neither being made nor being ended."""


class SealedSecret(BaseModel):
    """A sealed signing secret; an old one verifies until `until`."""

    model_config = ConfigDict(frozen=True)

    sealed: str = Field(repr=False)
    field: str
    until: datetime | None = None


class Subscription(BaseModel):
    """`state` is what the trigger's `create` hook returned; `due_at` is set while making or ending is unfinished."""

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    service_id: str
    service_name: str
    service_version: str | None
    trigger_id: str
    trigger_name: str
    user_row_id: str
    user_id: str
    user_credential_id: str | None
    url: str | None
    headers: dict[str, str] = {}
    variables: Any
    state: Any = None
    status: Status
    terms: tuple[str, ...]
    secrets: tuple[SealedSecret, ...]
    failing_since: datetime | None = None
    inserted_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    revision: int = 0
