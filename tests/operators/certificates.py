"""Certificates as files in a folder, and the settings that name them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from libs.common.clock import SystemClock
from services.certificates import Certified, issue, make_authority

NOW = SystemClock().now()


class Certificates:
    """Of an authority of their own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.authority = make_authority(NOW)

    def settings(self, *, ends_in_days: int = 100, key: str | None = None) -> dict[str, Any]:
        """For `localhost`."""
        held = issue(self.authority, ["localhost"], NOW - timedelta(days=365 - ends_in_days))
        return self._written(Certified(held.certificate, key or held.key))

    def _written(self, held: Certified) -> dict[str, Any]:
        texts = {"cert": held.certificate, "key": held.key, "ca": self.authority.certificate}
        for name, text in texts.items():
            (self._folder / f"{name}.pem").write_text(text)
        return {f"internal_tls_{name}_file": self._folder / f"{name}.pem" for name in texts}
