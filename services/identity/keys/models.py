"""An API key as it is kept."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class ApiKey(BaseModel):
    """A key acts for its platform until it is revoked. The secret itself is never kept, only its SHA-256.

    `last_used_at` is true to a minute or two.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    name: str
    key_hash: str
    inserted_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revision: int = 0


def hash_of(secret: str) -> str:
    """The hex SHA-256 of a key; no salt is needed, as keys are 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
