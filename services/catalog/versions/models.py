"""A service version, and the pins that freeze it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.catalog.authorship import Authored
from services.catalog.components.models import Head, Row

NOUN = "version"


class Version(Authored):
    """A service version. Once published, `pin_set` names the pins that say which rows belong to it."""

    id: str
    service_id: str
    name: str
    label: dict[str, str] = {}
    published: bool = False
    logic: dict[str, Any] = {}
    setting: dict[str, Any] = {}
    default_service_security_id: str | None = None
    pin_set: str | None = None
    published_at: datetime | None = None
    revision: int = 0


class Pin(BaseModel):
    """One component as a published version froze it: the head with that one row.

    A pin means nothing until its version names its set, so that a freeze that was cut off leaves no trace.
    """

    model_config = ConfigDict(frozen=True)

    pin_set: str
    version_id: str
    written_at: datetime
    head: Head

    @property
    def row(self) -> Row:
        return self.head.rows[0]
