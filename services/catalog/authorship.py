"""Who acts, and who made and last changed a thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Actor:
    """A platform, on behalf of one of its users or, without one, for itself.

    `groups` are the ids of the groups that the user is in, `admin_of` of those whose admin it is.
    """

    platform_id: str
    user_id: str | None
    groups: frozenset[str] = frozenset()
    admin_of: frozenset[str] = frozenset()


class Authored(BaseModel):
    """What every kept thing of catalog tells of its making."""

    model_config = ConfigDict(frozen=True)

    inserted_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    def changed(self, actor: Actor, now: datetime, **changes: object) -> Self:
        return self.model_copy(update={**changes, "updated_at": now, "updated_by": actor.user_id})


def made_by(actor: Actor, now: datetime) -> dict[str, datetime | str | None]:
    """The members of `Authored` for a thing made now."""
    return {"inserted_at": now, "created_by": actor.user_id, "updated_at": now, "updated_by": actor.user_id}
