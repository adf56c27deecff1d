"""A component as it is kept: one head that names its rows, and immutable contents by row and revision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from libs.common.contracts.catalog import BoundName, ComponentGrant, Kind
from services.catalog.authorship import Authored
from services.catalog.components import numbers


class Row(Authored):
    """One version of a component; `content_revision` says which content it has now."""

    id: str
    version: str
    published: bool
    content_revision: int

    @property
    def number(self) -> numbers.Number:
        return numbers.parse(self.version) or (0, 0, 0)

    @property
    def content_id(self) -> str:
        return f"{self.id}.{self.content_revision}"


class Head(BaseModel):
    """The decision on a component's name, identity and rows."""

    model_config = ConfigDict(frozen=True)

    id: str
    service_id: str
    kind: Kind
    name: str
    identity: str
    rows: tuple[Row, ...]
    revision: int = 0

    def row(self, id: str) -> Row | None:
        return next((row for row in self.rows if row.id == id), None)

    def numbered(self, number: numbers.Number) -> Row | None:
        return next((row for row in self.rows if row.number == number), None)

    @property
    def newest_first(self) -> list[Row]:
        return sorted(self.rows, key=lambda row: row.number, reverse=True)

    @property
    def latest(self) -> Row:
        return max(self.rows, key=lambda row: row.number)

    @property
    def latest_published(self) -> Row | None:
        return _latest(row for row in self.rows if row.published)

    @property
    def shown(self) -> Row:
        """The row that reading by identity or name answers."""
        return self.latest_published or self.latest

    def meant_by(self, ref: str) -> Row:
        """The row of that id, else the shown one."""
        return self.row(ref) or self.shown

    def precedence(self, ref: str) -> int:
        """How this component answers to `ref`: by a row id before the identity before the name."""
        return 0 if self.row(ref) else 1 if self.identity == ref else 2

    def having(self, row: Row) -> Head:
        """With `row` added, or in the place of the one of its id."""
        return self.model_copy(update={"rows": (*(other for other in self.rows if other.id != row.id), row)})

    def without(self, row: Row) -> Head:
        return self.model_copy(update={"rows": tuple(other for other in self.rows if other.id != row.id)})


def _latest(rows: Iterable[Row]) -> Row | None:
    return max(rows, key=lambda row: row.number, default=None)


@dataclass(frozen=True, slots=True)
class Content:
    """What a row holds: written before a head names it, never changed, swept when nothing names it.

    `bound` is what the names in its logic meant when it was written.
    """

    id: str
    service_id: str
    head_id: str
    written_at: datetime
    members: dict[str, Any]
    bound: tuple[BoundName, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a component, with its content."""

    head: Head
    row: Row
    members: dict[str, Any]
    bound: tuple[BoundName, ...] = ()

    def grant(self) -> ComponentGrant:
        return ComponentGrant(
            row_id=self.row.id,
            content_revision=self.row.content_revision,
            identity=self.head.identity,
            service_id=self.head.service_id,
            kind=self.head.kind,
            name=self.head.name,
            version=self.row.version,
            published=self.row.published,
            content=self.members,
            bound=self.bound,
        )
