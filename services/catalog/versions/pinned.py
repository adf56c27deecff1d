"""What published service versions hold on to."""

from __future__ import annotations

from collections.abc import Iterable

from libs.common.errors import Conflict
from services.catalog.versions.repository import PinRepository, VersionRepository


class PinnedRows:
    """Whether rows of components may go."""

    def __init__(self, pins: PinRepository, versions: VersionRepository) -> None:
        self._pins = pins
        self._versions = versions

    async def refuse_removal(self, row_ids: Iterable[str]) -> None:
        """Raises Conflict naming the published service versions that pin any of the rows."""
        pins = await self._pins.of_rows(row_ids)
        if not pins:
            return
        sets = {pin.pin_set for pin in pins}
        holding = [
            version.name
            for version in await self._versions.many({pin.version_id for pin in pins})
            if version.pin_set in sets
        ]
        if holding:
            raise Conflict(
                "pinned", f"The published service version {', '.join(sorted(holding))} holds it; delete that one first."
            )
