"""A service as it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from libs.common.errors import Forbidden
from services.catalog.authorship import Actor, Authored

Sharing = Literal["none", "group", "public"]
NOUN = "service"


class Service(Authored):
    """With `removed_at` it is a tombstone, known by its id alone until what was inside is gone."""

    id: str
    platform_id: str
    name: str
    type: str | None = None
    icon: str | None = None
    sharing: Sharing = "none"
    display_order: int | None = None
    enabled: bool = True
    default_version_id: str | None = None
    removed_at: datetime | None = None
    revision: int = 0

    def visible_to(self, platform_id: str) -> bool:
        return self.removed_at is None and (self.platform_id == platform_id or self.sharing == "public")

    def refuse_change_by(self, actor: Actor) -> None:
        """Raises Forbidden unless the actor may change the service and what is inside."""
        if actor.platform_id != self.platform_id:
            raise Forbidden("other_platform", "This service belongs to another platform; it can be used, not changed.")
        if actor.user_id is not None and actor.user_id != self.created_by:
            raise Forbidden("not_the_creator", "userId: only the user who created this service may change it.")
