"""A security as it is kept."""

from __future__ import annotations

from typing import Any, Literal

from services.catalog.authorship import Authored

NOUN = "security"
SecurityType = Literal["oauth2", "apiKey", "basic", "bearer"]


class Security(Authored):
    """How a user proves itself to the provider; what `config` means is known to credentials."""

    id: str
    service_id: str
    type: SecurityType
    label: dict[str, str] = {}
    scheme: str = ""
    config: dict[str, Any] = {}
    revision: int = 0

    @property
    def title(self) -> str | None:
        """What people call it: its label's first value."""
        return next(iter(self.label.values()), None)
