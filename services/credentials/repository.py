"""Credentials' documents: tokens by platform, service and user; values by the handle of platform and variable."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Cursor, Document, Index, Sort, Store, Where, cursor_after
from libs.common.web.paging import Page, page_of
from services.credentials.models import Token, VariableValue

TOKENS = Collection(
    "credentials.tokens",
    {
        "platform_id": "text",
        "user_row_id": "text",
        "service_id": "text",
        "state": "text",
        "name": "text",
        "connected_at": "time",
    },
    (
        Index(("platform_id", "service_id", "user_row_id", "name")),
        Index(("platform_id", "service_id", "user_row_id", "state", "connected_at")),
        Index(("user_row_id",)),
        Index(("service_id",)),
    ),
)
VALUES = Collection(
    "credentials.values",
    {"platform_id": "text", "service_id": "text", "variable_id": "text"},
    (Index(("platform_id", "service_id")), Index(("service_id", "variable_id"))),
)
_BY_NAME = (Sort("name"), Sort("id"))
_NEWEST_CONNECTED = (Sort("connected_at", descending=True),)
_BATCH = 200


class TokenRepository:
    """Tokens, within a platform; only cascades look across platforms."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(TOKENS)

    async def get(self, platform_id: str, token_id: str) -> Token | None:
        document = await self._documents.get(token_id)
        return _token(document) if document is not None and document.fields["platform_id"] == platform_id else None

    async def page(
        self, platform_id: str, service_id: str, user_row_id: str, page: Page
    ) -> tuple[list[Token], str | None]:
        where = {"platform_id": platform_id, "service_id": service_id, "user_row_id": user_row_id}
        found = await self._documents.find(where, order=_BY_NAME, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _BY_NAME)
        return [_token(document) for document in documents], following

    async def newest_connected(self, platform_id: str, service_id: str, user_row_id: str, state: str) -> list[Token]:
        """A user's tokens for a service that were kept as `state`, the most recently connected first."""
        where = {"platform_id": platform_id, "service_id": service_id, "user_row_id": user_row_id, "state": state}
        found = await self._documents.find(where, order=_NEWEST_CONNECTED, limit=_BATCH)
        return [_token(document) for document in found]

    async def batch_of_user(self, user_row_id: str) -> list[Token]:
        """Some of a user's tokens, for a cascade that removes them until none is left."""
        return [_token(each) for each in await self._documents.find({"user_row_id": user_row_id}, limit=_BATCH)]

    async def batch_of_service(self, service_id: str) -> list[Token]:
        """Some of a service's tokens on every platform, for a cascade."""
        return [_token(each) for each in await self._documents.find({"service_id": service_id}, limit=_BATCH)]

    async def add(self, token: Token, events: Sequence[Message]) -> Token:
        """Raises DuplicateKey when the id is taken, on whatever platform."""
        return _token(await self._documents.insert(_token_document(token), events))

    async def save(self, token: Token, events: Sequence[Message]) -> Token:
        """Raises RevisionConflict when the token changed meanwhile."""
        return _token(await self._documents.update(_token_document(token), events))

    async def remove(self, token: Token, events: Sequence[Message]) -> None:
        """Raises RevisionConflict when the token changed meanwhile."""
        await self._documents.delete(token.id, revision=token.revision, events=events)


class ValueRepository:
    """Variable values, within a platform; only cascades look across platforms."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(VALUES)

    async def get(self, handle: str) -> VariableValue | None:
        document = await self._documents.get(handle)
        return _value(document) if document is not None else None

    async def of_service(self, platform_id: str, service_id: str) -> list[VariableValue]:
        """All values that the platform set for the service."""
        where: Where = {"platform_id": platform_id, "service_id": service_id}
        values: list[VariableValue] = []
        after: Cursor | None = None
        while True:
            found = await self._documents.find(where, after=after, limit=_BATCH)
            values += [_value(document) for document in found]
            if len(found) < _BATCH:
                return values
            after = cursor_after(found[-1], ())

    async def batch(self, service_id: str, variable_id: str | None) -> list[VariableValue]:
        """Some of a service's values, or of one of its variables, on every platform, for a cascade."""
        where: Where = {"service_id": service_id} | ({"variable_id": variable_id} if variable_id is not None else {})
        return [_value(document) for document in await self._documents.find(where, limit=_BATCH)]

    async def put(self, value: VariableValue, events: Sequence[Message]) -> VariableValue:
        """Raises DuplicateKey or RevisionConflict when it was set meanwhile."""
        document = _value_document(value)
        write = self._documents.update if value.revision else self._documents.insert
        return _value(await write(document, events))

    async def remove(self, value: VariableValue, events: Sequence[Message]) -> None:
        """Raises RevisionConflict when the value changed meanwhile."""
        await self._documents.delete(value.handle, revision=value.revision, events=events)


def _token(document: Document) -> Token:
    return Token.model_validate({**document.body, **document.fields, "id": document.id, "revision": document.revision})


def _token_document(token: Token) -> Document:
    fields = {
        "platform_id": token.platform_id,
        "user_row_id": token.user_row_id,
        "service_id": token.service_id,
        "state": token.state.value,
        "name": token.name,
        "connected_at": token.connected_at,
    }
    body = token.model_dump(mode="json", exclude={"id", "revision", *fields})
    return Document(token.id, fields, body, revision=token.revision)


def _value(document: Document) -> VariableValue:
    return VariableValue.model_validate({**document.body, **document.fields, "revision": document.revision})


def _value_document(value: VariableValue) -> Document:
    fields = {"platform_id": value.platform_id, "service_id": value.service_id, "variable_id": value.variable_id}
    body = value.model_dump(mode="json", exclude={"revision", *fields})
    return Document(value.handle, fields, body, revision=value.revision)
