"""Who acts: a platform, for one of its users or for itself."""

from __future__ import annotations

from dataclasses import dataclass

from libs.common.contracts.identity import UserGrant
from libs.common.web.routes import ApiRequest


@dataclass(frozen=True, slots=True)
class Actor:
    """Without a user the key acts for the platform itself, unrestricted."""

    platform_id: str
    user: UserGrant | None = None

    @classmethod
    def of(cls, asked: ApiRequest) -> Actor:
        return cls(asked.platform_id, asked.user)

    @property
    def user_id(self) -> str | None:
        """What is written down as the author."""
        return self.user.user_id if self.user is not None else None
