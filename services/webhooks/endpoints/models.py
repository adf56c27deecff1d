"""An inbound endpoint: one per event and scope, found by a random handle."""

from __future__ import annotations

import secrets
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

_HANDLE_BYTES = 16
_SECRET_BYTES = 32


class Endpoint(BaseModel):
    """`state` is the random handle in its URL. `scope` is what its notifications are narrowed to, as a term
    (terms.py); empty for an endpoint that serves all of a platform's subscriptions. Once it is closed nobody is
    let in, while `delete` hooks still see its URL and secret until it expires."""

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    service_id: str
    event_id: str
    scope: str
    state: str
    sealed_secret: str = Field(repr=False)
    inserted_at: datetime
    expires_at: datetime | None = None
    revision: int = 0

    @property
    def closed(self) -> bool:
        return self.expires_at is not None


def new_handle() -> str:
    """A 128-bit handle that nobody can guess."""
    return secrets.token_urlsafe(_HANDLE_BYTES)


def new_secret() -> str:
    """A secret in the letters that every provider's form takes."""
    return secrets.token_hex(_SECRET_BYTES)
