"""A cascade as it is kept until it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from libs.common.clock import CLOCKS_APART


class Cascade(BaseModel):
    """What was deleted: a user, a service, or one trigger or event of a service.

    `begun`: its subscriptions are all being ended, and its endpoints are closed.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    platform_id: str | None
    user_row_id: str | None = None
    service_id: str | None = None
    trigger_id: str | None = None
    event_id: str | None = None
    deleted_at: datetime
    heard_at: datetime
    begun: bool = False
    due_at: datetime
    revision: int = 0

    @property
    def subscribed_to(self) -> Mapping[str, str]:
        """What its subscriptions have in common; an event has none."""
        if self.event_id is not None:
            return {}
        ids = {"user_row_id": self.user_row_id, "service_id": self.service_id, "trigger_id": self.trigger_id}
        return {name: id for name, id in ids.items() if id is not None}

    @property
    def until(self) -> datetime | None:
        """What was made later belongs to something made anew under its id; users never come back under theirs."""
        return self.deleted_at + CLOCKS_APART if self.user_row_id is None else None
