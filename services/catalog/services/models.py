"""A service as it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from libs.common.contracts.catalog import BUILT_IN_PLATFORM
from libs.common.errors import Forbidden
from services.catalog.authorship import Actor, Authored

Sharing = Literal["none", "group", "public"]
NOUN = "service"


class Service(Authored):
    """With `removed_at` it is a tombstone, known by its id alone until, at `purge_at`, what was inside goes too.

    `contributor_id` is the user on whose behalf it was published.
    """

    id: str
    platform_id: str
    name: str
    type: str | None = None
    icon: str | None = None
    sharing: Sharing = "none"
    group_ids: tuple[str, ...] = ()
    display_order: int | None = None
    enabled: bool = True
    default_version_id: str | None = None
    contributor_id: str | None = None
    removed_at: datetime | None = None
    purge_at: datetime | None = None
    revision: int = 0

    @property
    def published(self) -> bool:
        """Every platform may use it, so what it promised is kept: names, identities, published rows."""
        return self.sharing == "public"

    def open_to(self, platform_id: str) -> bool:
        """Whether anybody of the platform may see it."""
        return self.removed_at is None and (self.platform_id == platform_id or self.published)

    def visible_to(self, actor: Actor) -> bool:
        if not self.open_to(actor.platform_id):
            return False
        return self.sharing != "group" or actor.user_id is None or self._is_of(actor, actor.groups)

    def shows_drafts_to(self, actor: Actor) -> bool:
        """What is not published of a public service is its own platform's alone."""
        return self.platform_id == actor.platform_id

    def refuse_change_by(self, actor: Actor) -> None:
        """Raises Forbidden unless the actor may change the service and what is inside."""
        if self.platform_id == BUILT_IN_PLATFORM:
            raise Forbidden("built_in", f"The service {self.name!r} is built in; it can be used, not changed.")
        if actor.platform_id != self.platform_id:
            raise Forbidden("other_platform", "This service belongs to another platform; it can be used, not changed.")
        if actor.user_id is not None and not self._is_of(actor, actor.admin_of):
            raise Forbidden(
                "not_permitted", "userId: only the service's creator and admins of its groups may change this service."
            )

    def _is_of(self, actor: Actor, groups: frozenset[str]) -> bool:
        return actor.user_id == self.created_by or not groups.isdisjoint(self.group_ids)
