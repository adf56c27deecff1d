"""Catalog's repositories with `core` beside what is kept. Whoever reads finds it; nothing of it is ever written."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.contracts.catalog import Kind
from libs.common.store.port import Cursor, Document, Store
from libs.common.web.paging import Page, page_among
from services.catalog.builtin.core import SERVICE, VERSION, BuiltIn
from services.catalog.components.models import Found, Head, Row
from services.catalog.components.repository import ContentRepository, HeadRepository
from services.catalog.services.models import Service
from services.catalog.services.repository import ServiceRepository, document_of, place, place_of
from services.catalog.versions.models import Version
from services.catalog.versions.repository import VersionRepository

_DOCUMENT = document_of(SERVICE)


class ServicesAndCore(ServiceRepository):
    """Its id is its name, so that `core` means it before anything that a platform may have called so."""

    async def get(self, id: str) -> Service | None:
        return SERVICE if id == SERVICE.id else await super().get(id)

    async def has_public(self, name: str, *, besides: str) -> bool:
        return name == SERVICE.name or await super().has_public(name, besides=besides)

    async def _stretch(
        self, platform_id: str, after: Cursor | None, limit: int
    ) -> tuple[list[Document], Cursor | None]:
        kept, following = await super()._stretch(platform_id, after, limit)
        here = place(_DOCUMENT)
        if (after is None or place_of(after) < here) and (following is None or here < place_of(following)):
            kept = sorted([*kept, _DOCUMENT], key=place)
        return kept, following


class VersionsAndCore(VersionRepository):
    async def get(self, id: str) -> Version | None:
        return VERSION if id == VERSION.id else await super().get(id)

    async def by_ref(self, service_id: str, ref: str) -> Version | None:
        if service_id == SERVICE.id:
            return VERSION if ref in (VERSION.id, VERSION.name) else None
        return await super().by_ref(service_id, ref)

    async def page(self, service_id: str, page: Page) -> tuple[list[Version], str | None]:
        if service_id == SERVICE.id:
            return page_among([VERSION], page, lambda version: (version.name, version.id))
        return await super().page(service_id, page)


class HeadsAndCore(HeadRepository):
    def __init__(self, store: Store, built_in: BuiltIn) -> None:
        super().__init__(store)
        self._built_in = built_in

    async def get(self, id: str) -> Head | None:
        return self._built_in.head(id) or await super().get(id)

    async def by_ref(self, service_id: str, kind: Kind, ref: str) -> Head | None:
        if service_id == SERVICE.id:
            return self._built_in.named(kind, ref)
        return await super().by_ref(service_id, kind, ref)

    async def page(self, service_id: str, kind: Kind | None, page: Page) -> tuple[list[Head], str | None]:
        if service_id != SERVICE.id:
            return await super().page(service_id, kind, page)
        return page_among(self._built_in.heads(kind), page, _by_name if kind is not None else _by_kind)

    async def of_service(
        self, service_id: str, kind: Kind | None, after: Cursor | None, limit: int
    ) -> tuple[list[Head], Cursor | None]:
        if service_id == SERVICE.id:
            return self._built_in.heads(kind), None
        return await super().of_service(service_id, kind, after, limit)


class ContentsAndCore(ContentRepository):
    def __init__(self, store: Store, built_in: BuiltIn) -> None:
        super().__init__(store)
        self._built_in = built_in

    async def of(self, head: Head, row: Row) -> Found | None:
        if head.service_id == SERVICE.id:
            return self._built_in.found(head)
        return await super().of(head, row)

    async def of_all(self, rows: Sequence[tuple[Head, Row]]) -> list[Found]:
        if rows and rows[0][0].service_id == SERVICE.id:  # all of them are of one service
            return [self._built_in.found(head) for head, _ in rows]
        return await super().of_all(rows)


def _by_name(head: Head) -> tuple[str, ...]:
    return head.name, head.id


def _by_kind(head: Head) -> tuple[str, ...]:
    return head.kind.value, head.name, head.id
