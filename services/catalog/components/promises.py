"""What a component has promised to those who use it, and an update may not break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from libs.common.errors import Conflict, summary
from services.catalog.components.compatibility import breaks
from services.catalog.components.models import Found, Head, Row
from services.catalog.components.reading import ReadComponents


class Promises:
    """Refuses what would surprise the users of a published row."""

    def __init__(self, reading: ReadComponents) -> None:
        self._reading = reading

    async def refuse_breaking(self, head: Head, row: Row, members: dict[str, Any]) -> None:
        """Raises Conflict with the differences, if a published row breaks its neighbours of the same major number."""
        if not row.published or "schema" not in members:
            return
        for other in _neighbours(head, row):
            before = (await self._reading.content(head, other)).members["schema"]
            older, newer = (before, members["schema"]) if other.number < row.number else (members["schema"], before)
            if found := breaks(head.kind, older, newer):
                told = f"{head.kind.value} {head.name!r}: {row.version} breaks who uses {other.version}"
                if other.number > row.number:
                    told = f"{head.kind.value} {head.name!r}: {other.version} would break who uses this {row.version}"
                raise Conflict(
                    "breaking_change",
                    f"{told}: {summary(found)}. Make it a new version with version=major.",
                    details=found,
                )


def refuse_change_of_public(before: Found, row: Row, name: str, members: dict[str, Any]) -> None:
    """Raises Conflict for what a public service may not change of a component: its name, or a published row."""
    head = before.head
    if name != head.name:
        raise Conflict("name_fixed", "name: other platforms use this public service's components by name; it stays.")
    if row.id != before.row.id or not before.row.published:
        return
    if members != before.members or not row.published:
        raise Conflict(
            "row_published",
            f"{head.kind.value} {head.name!r}: version {row.version} of a public service is published and stays "
            "as it is; make the next one with version=minor or version=major.",
        )


def _neighbours(head: Head, row: Row) -> Iterator[Row]:
    """The published rows just below and just above, of the same major number."""
    others = [each for each in head.rows if each.published and each.id != row.id and each.number[0] == row.number[0]]
    below = [each for each in others if each.number < row.number]
    above = [each for each in others if each.number > row.number]
    if below:
        yield max(below, key=lambda each: each.number)
    if above:
        yield min(above, key=lambda each: each.number)
