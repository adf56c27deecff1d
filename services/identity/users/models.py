"""A user as it is kept."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from libs.common.errors import NotFound


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


def no_such_user() -> NotFound:
    return NotFound("user_not_found", "This platform has no such user.")
