"""Securities as documents, always within a service but for the one call that knows nothing but an id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from libs.common.bus.port import Message
from libs.common.errors import Conflict
from libs.common.store.port import Collection, Cursor, Document, Index, Sort, Store, cursor_after
from libs.common.web.paging import Page, page_of
from services.catalog.purging import purge_service
from services.catalog.securities.models import Security

SECURITIES = Collection(
    "catalog.securities",
    {"service_id": "text", "title": "text"},
    (Index(("service_id", "title")),),
)
_BY_TITLE = (Sort("title"),)
_BATCH = 200


class SecurityRepository:
    """Securities."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(SECURITIES)

    async def get(self, id: str) -> Security | None:
        """Whichever service's it is."""
        document = await self._documents.get(id)
        return _security(document) if document else None

    async def by_ref(self, service_id: str, ref: str) -> Security | None:
        """The security of that id, else of that title. Raises Conflict when several have the title."""
        by_id = await self.get(ref)
        if by_id is not None and by_id.service_id == service_id:
            return by_id
        found = await self._documents.find({"service_id": service_id, "title": ref}, limit=2)
        if len(found) > 1:
            raise Conflict("ambiguous_label", "Several securities of this service have that label; use the id.")
        return _security(found[0]) if found else None

    async def only_one(self, service_id: str) -> Security | None:
        """The service's security if it has exactly one."""
        found = await self._documents.find({"service_id": service_id}, limit=2)
        return _security(found[0]) if len(found) == 1 else None

    async def all_of(self, service_id: str) -> AsyncIterator[Security]:
        """By title."""
        after: Cursor | None = None
        while True:
            found = await self._documents.find({"service_id": service_id}, order=_BY_TITLE, after=after, limit=_BATCH)
            for document in found:
                yield _security(document)
            if len(found) < _BATCH:
                return
            after = cursor_after(found[-1], _BY_TITLE)

    async def page(self, service_id: str, page: Page) -> tuple[list[Security], str | None]:
        found = await self._documents.find(
            {"service_id": service_id}, order=_BY_TITLE, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _BY_TITLE)
        return [_security(document) for document in documents], following

    async def add(self, security: Security, events: Sequence[Message]) -> Security:
        """Raises DuplicateKey when the id is taken."""
        return _security(await self._documents.insert(_document(security), events))

    async def save(self, security: Security, events: Sequence[Message]) -> Security:
        """Raises RevisionConflict."""
        return _security(await self._documents.update(_document(security), events))

    async def remove(self, security: Security, events: Sequence[Message] = ()) -> None:
        """Raises RevisionConflict."""
        await self._documents.delete(security.id, revision=security.revision, events=events)

    async def purge(self, service_id: str) -> None:
        await purge_service(self._documents, service_id)


def _security(document: Document) -> Security:
    return Security.model_validate({**document.body, "id": document.id, "revision": document.revision})


def _document(security: Security) -> Document:
    fields = {"service_id": security.service_id, "title": security.title}
    body = security.model_dump(mode="json", exclude={"id", "revision"})
    return Document(security.id, fields, body, revision=security.revision)
