"""Reading components: for the API by whatever names them, for the other services as executing resolves them."""

from __future__ import annotations

from libs.common.contracts.catalog import (
    ComponentGrant,
    ComponentQuestion,
    ComponentsGrant,
    ComponentsQuestion,
    Kind,
    LogicGrant,
    LogicQuestion,
)
from libs.common.store.port import Cursor
from libs.common.web.paging import Page
from services.catalog.components import numbers
from services.catalog.components.models import Found, Head, Row
from services.catalog.components.removed import RemovedRepository
from services.catalog.components.repository import ContentRepository, HeadRepository
from services.catalog.refusals import changed_meanwhile, not_found
from services.catalog.services.models import Service
from services.catalog.versions.repository import PinRepository
from services.catalog.versions.versions import Versions

_BATCH = 200


class ReadComponents:
    """What the API reads of components in a service that the caller may read, from the store."""

    def __init__(self, heads: HeadRepository, contents: ContentRepository) -> None:
        self._heads = heads
        self._contents = contents

    async def head(self, service: Service, kind: Kind, ref: str) -> Head:
        """Raises NotFound."""
        head = await self._heads.by_ref(service.id, kind, ref)
        if head is None:
            raise not_found(kind.value)
        return head

    async def find(self, service_id: str, kind: Kind, ref: str, number: numbers.Number | None) -> Found | None:
        """The row of that id or number, else the latest published, else the latest."""
        head = await self._heads.by_ref(service_id, kind, ref)
        row = None if head is None else head.meant_by(ref) if number is None else head.numbered(number)
        return await self.content(head, row) if head is not None and row is not None else None

    async def content(self, head: Head, row: Row) -> Found:
        """Raises Conflict when the row's content was replaced, and swept, since `head` was read."""
        found = await self._contents.of(head, row)
        if found is None:
            raise changed_meanwhile()
        return found

    async def page(self, service_id: str, kind: Kind, page: Page) -> tuple[list[Found], str | None]:
        heads, following = await self._heads.page(service_id, kind, page)
        return await self._contents.of_all([(head, head.shown) for head in heads]), following

    async def versions(self, service: Service, kind: Kind, ref: str) -> list[Found]:
        """All rows, newest first. Raises NotFound."""
        head = await self.head(service, kind, ref)
        return await self._contents.of_all([(head, row) for row in head.newest_first])


class Resolution:
    """Which row of a component runs."""

    def __init__(
        self,
        heads: HeadRepository,
        removed: RemovedRepository,
        contents: ContentRepository,
        pins: PinRepository,
        versions: Versions,
    ) -> None:
        self._heads = heads
        self._removed = removed
        self._contents = contents
        self._pins = pins
        self._versions = versions

    async def find(self, question: ComponentQuestion) -> ComponentGrant | None:
        head = await self._heads.by_ref(question.service_id, question.kind, question.ref)
        row = head.row(question.ref) if head is not None else None
        if row is None and question.version is not None:
            row = _published(head, question.version)
        elif row is None:
            head, row = await self._through_version(head, question)
        if row is None and question.ended:
            head, row = await self._once_there(question)
        found = await self._contents.of(head, row) if head is not None and row is not None else None
        return found.grant() if found is not None else None

    async def logic(self, question: LogicQuestion) -> LogicGrant | None:
        if question.kind is None:
            version = await self._versions.by_id(question.id)
            return LogicGrant(service_id=version.service_id, logic=version.logic) if version is not None else None
        head = await self._heads.by_row(question.id)
        row = head.row(question.id) if head is not None and head.kind is question.kind else None
        found = await self._contents.of(head, row) if head is not None and row is not None else None
        if found is None:
            return None
        return LogicGrant(service_id=found.head.service_id, logic=found.members["logic"], bound=found.bound)

    async def all(self, question: ComponentsQuestion) -> ComponentsGrant:
        grants: list[ComponentGrant] = []
        after: Cursor | None = None
        while True:
            heads, after = await self._heads.of_service(question.service_id, question.kind, after, _BATCH)
            found = await self._contents.of_all([(head, head.shown) for head in heads])
            grants += [each.grant() for each in found]
            if after is None:
                return ComponentsGrant(components=tuple(grants))

    async def _through_version(self, head: Head | None, question: ComponentQuestion) -> tuple[Head | None, Row | None]:
        """By the named or default service version: as it was frozen, or while it isn't the latest published row."""
        version = await self._versions.chosen(question.service_id, question.service_version, ended=question.ended)
        if version is None and question.service_version is not None:
            return None, None
        if version is not None and version.pin_set is not None:
            pin = await self._pins.by_ref(version.pin_set, question.kind, question.ref)
            return (pin.head, pin.row) if pin is not None else (None, None)
        return head, head.latest_published if head is not None else None

    async def _once_there(self, question: ComponentQuestion) -> tuple[Head | None, Row | None]:
        """Of a deleted component the row that was asked for, else the latest that was published."""
        head = await self._removed.by_ref(question.service_id, question.kind, question.ref)
        return head, (head.row(question.ref) or head.latest_published) if head is not None else None


def _published(head: Head | None, version: str) -> Row | None:
    number = numbers.parse(version)
    row = head.numbered(number) if head is not None and number is not None else None
    return row if row is not None and row.published else None
