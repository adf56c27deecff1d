"""What a service version holds: its pins once it is published, the latest published rows while it is a draft."""

from __future__ import annotations

from libs.common.web.paging import Page
from services.catalog.components.models import Found
from services.catalog.components.repository import ContentRepository, HeadRepository
from services.catalog.versions.models import Version
from services.catalog.versions.repository import PinRepository


class VersionContents:
    """Reads them by kind and name."""

    def __init__(self, pins: PinRepository, heads: HeadRepository, contents: ContentRepository) -> None:
        self._pins = pins
        self._heads = heads
        self._contents = contents

    async def page(self, version: Version, page: Page) -> tuple[list[Found], str | None]:
        """A page of a draft may hold fewer than were asked for, and others follow."""
        if version.pin_set is not None:
            pins, following = await self._pins.page(version.pin_set, page)
            return await self._contents.of_all([(pin.head, pin.row) for pin in pins]), following
        heads, following = await self._heads.page(version.service_id, None, page)
        shown = [(head, row) for head in heads if (row := head.latest_published) is not None]
        return await self._contents.of_all(shown), following
