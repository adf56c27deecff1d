"""Components as the API answers them: rendered once, then answered from memory until their service changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.catalog import CatalogChanged, Kind
from libs.common.contracts.envelope import decode
from libs.common.web.paging import Listing, Page, Rendered, page_among
from services.catalog.authorship import Actor
from services.catalog.components import numbers
from services.catalog.components.models import Found
from services.catalog.components.planning import exact
from services.catalog.components.reading import ReadComponents
from services.catalog.components.schemas import component_row
from services.catalog.refusals import not_found
from services.catalog.services.models import Service
from services.catalog.wire import without_authors

_ROWS_HELD = 2_000
_LARGEST_ROW_BYTES = 32 * 1024
_PAGES_HELD = 250
_LARGEST_PAGE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Audience:
    """Another platform sees of a public service no drafts, and not whose users made it."""

    service_id: str
    is_owner: bool

    def shown(self, found: Sequence[Found]) -> Sequence[Found]:
        return found if self.is_owner else [each for each in found if each.row.published]

    def rows(self, found: Sequence[Found]) -> list[dict[str, Any]]:
        rows = map(component_row, self.shown(found))
        return list(rows) if self.is_owner else [without_authors(row) for row in rows]


_Row: TypeAlias = tuple[Audience, Kind, str, numbers.Number | None]
_Page: TypeAlias = tuple[Audience, Kind, Page]


class ComponentAnswers:
    """The answers to reading components of a service that the actor may read."""

    def __init__(self, reading: ReadComponents, bus: Bus) -> None:
        self._reading = reading
        self._rows: FollowedCache[_Row, Rendered | None] = FollowedCache(
            "component_rows", self._load_row, capacity=_ROWS_HELD
        )
        self._pages: FollowedCache[_Page, Listing[dict[str, Any]]] = FollowedCache(
            "component_pages", self._load_page, capacity=_PAGES_HELD
        )
        bus.follow(CatalogChanged.topic, self._heard)

    async def row(self, service: Service, kind: Kind, actor: Actor, ref: str, version: str | None) -> Rendered:
        """The row of that id or version, else the latest published, else the latest. Raises NotFound, Invalid."""
        number = exact(version) if version is not None else None
        key = (_audience(service, actor), kind, ref, number)
        rendered = self._rows.peek(key) or await self._rows.get(key)
        if rendered is None:
            raise not_found(kind.value if number is None else "version")
        return rendered

    async def page(self, service: Service, kind: Kind, actor: Actor, page: Page) -> Listing[dict[str, Any]]:
        key = (_audience(service, actor), kind, page)
        return self._pages.peek(key) or await self._pages.get(key)

    async def versions(
        self, service: Service, kind: Kind, actor: Actor, ref: str, page: Page
    ) -> Listing[dict[str, Any]]:
        """All rows of a component, newest first. Raises NotFound, for the row id of a hidden draft too."""
        audience = _audience(service, actor)
        every = await self._reading.versions(service, kind, ref)
        found = audience.shown(every)
        if not found or any(each.row.id == ref and each not in found for each in every):
            raise not_found(kind.value)
        kept, following = page_among(found, page, lambda each: (numbers.newest_first(each.row.number), each.row.id))
        return Listing(audience.rows(kept), following)

    async def _load_row(self, key: _Row) -> Loaded[Rendered | None]:
        audience, kind, ref, number = key
        found = await self._reading.find(audience.service_id, kind, ref, number)
        rows = audience.rows([found]) if found is not None else []
        rendered = Rendered(orjson.dumps(rows[0])) if rows else None
        small = rendered is None or len(rendered.json) <= _LARGEST_ROW_BYTES
        return Loaded(rendered, frozenset({audience.service_id}), keep=small)

    async def _load_page(self, key: _Page) -> Loaded[Listing[dict[str, Any]]]:
        audience, kind, page = key
        found, following = await self._reading.page(audience.service_id, kind, page)
        rendered = Rendered(orjson.dumps(audience.rows(found)))
        small = len(rendered.json) <= _LARGEST_PAGE_BYTES
        return Loaded(Listing(rendered, following), frozenset({audience.service_id}), keep=small)

    def _heard(self, message: Message) -> None:
        heard = decode(message, CatalogChanged)
        if heard is not None:
            self._rows.drop([heard.event.service_id])
            self._pages.drop([heard.event.service_id])


def _audience(service: Service, actor: Actor) -> Audience:
    return Audience(service.id, service.platform_id == actor.platform_id)
