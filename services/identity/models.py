"""What identity keeps: API keys and users."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class ApiKey(BaseModel):
    """A key acts for its platform until it is revoked. The secret itself is never kept, only its SHA-256."""

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str
    name: str
    key_hash: str
    inserted_at: datetime
    revoked_at: datetime | None = None
    revision: int = 0


class User(BaseModel):
    """A platform's end user. `row_id` is ours and never reused, `user_id` the platform's own identifier."""

    model_config = ConfigDict(frozen=True)

    row_id: str
    platform_id: str
    user_id: str
    email: str | None = None
    name: str | None = None
    inserted_at: datetime
    updated_at: datetime
    revision: int = 0


def hash_of(secret: str) -> str:
    """The hex SHA-256 of a key; no salt is needed, as keys are 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
