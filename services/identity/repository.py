"""Identity's documents: keys by their hash, users by the platform's own identifier."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.errors import Conflict
from libs.common.store.port import Collection, Document, DuplicateKey, Index, Sort, Store
from libs.common.web.paging import Page, page_of
from services.identity.models import ApiKey, User

KEYS = Collection(
    "identity.keys",
    {"platform_id": "text", "key_hash": "text", "name": "text"},
    (Index(("key_hash",), unique=True), Index(("platform_id", "name"))),
    required=frozenset({"platform_id", "key_hash", "name"}),
)
USERS = Collection(
    "identity.users",
    {"platform_id": "text", "user_id": "text", "email": "text", "name": "text"},
    (
        Index(("platform_id", "user_id"), unique=True),
        Index(("platform_id", "email"), unique=True),
        Index(("platform_id", "name", "user_id")),
    ),
    required=frozenset({"platform_id", "user_id"}),
)
_BY_NAME = (Sort("name"), Sort("user_id"))


class KeyRepository:
    """API keys."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(KEYS)

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        found = await self._documents.find({"key_hash": key_hash}, limit=1)
        return _key(found[0]) if found else None

    async def get(self, platform_id: str, id: str) -> ApiKey | None:
        document = await self._documents.get(id)
        if document is None or document.fields["platform_id"] != platform_id:
            return None
        return _key(document)

    async def of_platform(self, platform_id: str) -> list[ApiKey]:
        found = await self._documents.find({"platform_id": platform_id}, order=(Sort("name"),))
        return [_key(document) for document in found]

    async def add(self, key: ApiKey, events: Sequence[Message]) -> ApiKey:
        """Raises DuplicateKey when the very secret exists."""
        return _key(await self._documents.insert(_key_document(key), events))

    async def save(self, key: ApiKey, events: Sequence[Message]) -> ApiKey:
        return _key(await self._documents.update(_key_document(key), events))


class UserRepository:
    """Users, always within a platform."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(USERS)

    async def by_user_id(self, platform_id: str, user_id: str) -> User | None:
        found = await self._documents.find({"platform_id": platform_id, "user_id": user_id}, limit=1)
        return _user(found[0]) if found else None

    async def page(self, platform_id: str, page: Page) -> tuple[list[User], str | None]:
        found = await self._documents.find(
            {"platform_id": platform_id}, order=_BY_NAME, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _BY_NAME)
        return [_user(document) for document in documents], following

    async def add(self, user: User, events: Sequence[Message]) -> User:
        """Raises Conflict when the e-mail is taken, DuplicateKey when the user id is."""
        try:
            return _user(await self._documents.insert(_user_document(user), events))
        except DuplicateKey as taken:
            raise _refusal(taken) from None

    async def save(self, user: User, events: Sequence[Message]) -> User:
        """Raises Conflict when the e-mail is taken, RevisionConflict when the user changed meanwhile."""
        try:
            return _user(await self._documents.update(_user_document(user), events))
        except DuplicateKey as taken:
            raise _refusal(taken) from None

    async def remove(self, user: User, events: Sequence[Message]) -> bool:
        """False when it is gone already. Raises RevisionConflict when the user changed meanwhile."""
        return await self._documents.delete(user.row_id, revision=user.revision, events=events)


def _refusal(taken: DuplicateKey) -> Exception:
    if taken.fields == ("platform_id", "email"):
        return Conflict("email_taken", "email: another user of this platform has it.")
    return taken


def _key(document: Document) -> ApiKey:
    return ApiKey.model_validate({**document.body, **document.fields, "id": document.id, "revision": document.revision})


def _key_document(key: ApiKey) -> Document:
    fields = {"platform_id": key.platform_id, "key_hash": key.key_hash, "name": key.name}
    body = key.model_dump(mode="json", include={"inserted_at", "revoked_at"})
    return Document(key.id, fields, body, revision=key.revision)


def _user(document: Document) -> User:
    return User.model_validate(
        {**document.body, **document.fields, "row_id": document.id, "revision": document.revision}
    )


def _user_document(user: User) -> Document:
    fields = {"platform_id": user.platform_id, "user_id": user.user_id, "email": user.email, "name": user.name}
    body = user.model_dump(mode="json", include={"inserted_at", "updated_at"})
    return Document(user.row_id, fields, body, revision=user.revision)
