"""Credentials' documents: tokens by platform, service and user; values by the handle of platform and variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Cursor, Document, In, Index, Sort, Store, Where, cursor_after
from libs.common.web.paging import Page, page_of
from services.credentials.models import Ending, State, Token, VariableValue

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
        Index(("service_id", "state")),
    ),
)
ENDINGS = Collection(
    "credentials.endings",
    {"subject": "text", "due_at": "time"},
    (Index(("subject",)), Index(("due_at",))),
    due="due_at",
)
VALUES = Collection(
    "credentials.values",
    {"platform_id": "text", "service_id": "text", "variable_id": "text"},
    (Index(("platform_id", "service_id")), Index(("service_id", "variable_id"))),
)
_BY_NAME = (Sort("name"), Sort("id"))
_BY_ID = (Sort("id"),)
_ENDED = "ended"  # what a token that is ended has in the place of its state
_BY_VARIABLE = (Sort("variable_id"),)
_STANDING = In(tuple(state.value for state in State))
_NEWEST_CONNECTED = (Sort("connected_at", descending=True),)
_BATCH = 200


class TokenRepository:
    """Tokens, within a platform; only cascades look across platforms."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(TOKENS)

    async def get(self, platform_id: str, token_id: str, *, ended: bool = False) -> Token | None:
        """With `ended` also one that was ended."""
        document = await self._documents.get(token_id)
        if document is None or document.fields["platform_id"] != platform_id:
            return None
        token = _token(document)
        return token if ended or not token.ended else None

    async def page(
        self, platform_id: str, service_id: str, user_row_id: str, page: Page
    ) -> tuple[list[Token], str | None]:
        where: Where = {
            "platform_id": platform_id,
            "service_id": service_id,
            "user_row_id": user_row_id,
            "state": _STANDING,
        }
        found = await self._documents.find(where, order=_BY_NAME, after=page.after, limit=page.limit + 1)
        documents, following = page_of(found, page, _BY_NAME)
        return [_token(document) for document in documents], following

    async def newest_connected(
        self, platform_id: str, service_id: str, user_row_id: str, *, ended: bool
    ) -> list[Token]:
        """A user's tokens for a service that were kept as active, the most recently connected first.

        With `ended` those that are ended too.
        """
        where: Where = {
            "platform_id": platform_id,
            "service_id": service_id,
            "user_row_id": user_row_id,
            "state": In((State.ACTIVE.value, _ENDED)) if ended else State.ACTIVE.value,
        }
        found = await self._documents.find(where, order=_NEWEST_CONNECTED, limit=_BATCH)
        return [_token(document) for document in found]

    async def stretch(self, of: Mapping[str, str], after: Cursor | None) -> tuple[list[Token], Cursor | None]:
        """Some of a user's or a service's tokens, on every platform, and where the next begin, for a cascade."""
        found = await self._documents.find(of, order=_BY_ID, after=after, limit=_BATCH)
        following = cursor_after(found[-1], _BY_ID) if len(found) == _BATCH else None
        return [_token(document) for document in found], following

    async def count_of_service(self, service_id: str) -> int:
        """Of those that were not ended, on every platform."""
        return await self._documents.count({"service_id": service_id, "state": _STANDING})

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

    async def stretch(
        self, service_id: str, variable_id: str | None, after: Cursor | None
    ) -> tuple[list[VariableValue], Cursor | None]:
        """Some values of a service, or of one of its variables, on every platform, and where the next begin."""
        where: Where = {"service_id": service_id} | ({"variable_id": variable_id} if variable_id is not None else {})
        found = await self._documents.find(where, order=_BY_VARIABLE, after=after, limit=_BATCH)
        following = cursor_after(found[-1], _BY_VARIABLE) if len(found) == _BATCH else None
        return [_value(document) for document in found], following

    async def put(self, value: VariableValue, events: Sequence[Message]) -> VariableValue:
        """Raises DuplicateKey or RevisionConflict when it was set meanwhile."""
        document = _value_document(value)
        write = self._documents.update if value.revision else self._documents.insert
        return _value(await write(document, events))

    async def remove(self, value: VariableValue, events: Sequence[Message]) -> None:
        """Raises RevisionConflict when the value changed meanwhile."""
        await self._documents.delete(value.handle, revision=value.revision, events=events)


class EndingRepository:
    """Endings, by what ends."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(ENDINGS)

    async def add(self, ending: Ending) -> None:
        """One that is there already stays as it is."""
        await self._documents.insert_many([_ending_document(ending)])

    async def of(self, subject: str) -> list[Ending]:
        return [_ending(document) for document in await self._documents.find({"subject": subject})]

    async def claim(self, lease: timedelta, limit: int) -> list[Ending]:
        return [_ending(document) for document in await self._documents.claim({}, lease=lease, limit=limit)]

    async def save(self, ending: Ending) -> None:
        """Raises RevisionConflict."""
        await self._documents.update(_ending_document(ending))

    async def remove(self, ending: Ending) -> None:
        """Raises RevisionConflict."""
        await self._documents.delete(ending.id, revision=ending.revision)


def _ending(document: Document) -> Ending:
    due_at = document.fields["due_at"]
    return Ending.model_validate({**document.body, "id": document.id, "due_at": due_at, "revision": document.revision})


def _ending_document(ending: Ending) -> Document:
    body = ending.model_dump(mode="json", exclude={"id", "revision", "due_at"})
    return Document(ending.id, {"subject": ending.subject, "due_at": ending.due_at}, body, revision=ending.revision)


def _token(document: Document) -> Token:
    return Token.model_validate({**document.fields, **document.body, "id": document.id, "revision": document.revision})


def _token_document(token: Token) -> Document:
    fields = {
        "platform_id": token.platform_id,
        "user_row_id": token.user_row_id,
        "service_id": token.service_id,
        "state": _ENDED if token.ended else token.state.value,
        "name": token.name,
        "connected_at": token.connected_at,
    }
    body = token.model_dump(mode="json", exclude={"id", "revision", *(fields.keys() - {"state"})})
    return Document(token.id, fields, body, revision=token.revision)


def _value(document: Document) -> VariableValue:
    return VariableValue.model_validate({**document.body, **document.fields, "revision": document.revision})


def _value_document(value: VariableValue) -> Document:
    fields = {"platform_id": value.platform_id, "service_id": value.service_id, "variable_id": value.variable_id}
    body = value.model_dump(mode="json", exclude={"revision", *fields})
    return Document(value.handle, fields, body, revision=value.revision)
