"""Users as documents, found by the platform's own identifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from libs.common.bus.port import Message
from libs.common.errors import Conflict
from libs.common.store.port import Collection, Document, DuplicateKey, In, Index, Sort, Store, Value
from libs.common.web.paging import Page, page_of
from services.identity.users.models import User

USERS = Collection(
    "identity.users",
    {"platform_id": "text", "user_id": "text", "email": "text", "name": "text", "purge_at": "time"},
    (
        Index(("platform_id", "user_id"), unique=True),
        Index(("platform_id", "email"), unique=True),
        Index(("platform_id", "name", "user_id")),
        Index(("purge_at",)),
    ),
    due="purge_at",
    required=frozenset({"platform_id", "user_id"}),
)
PURGE_LEASE = timedelta(minutes=5)
_NO_PLATFORM = ""
_BY_NAME = (Sort("name"), Sort("user_id"))
_FIELDS = {"platform_id", "user_id", "email", "name"}
_AT_ONCE = 500


class UserRepository:
    """Users, always within a platform. One that was removed is a tombstone, which only its purge finds."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(USERS)

    async def by_user_id(self, platform_id: str, user_id: str) -> User | None:
        found = await self._documents.find({"platform_id": platform_id, "user_id": user_id}, limit=1)
        return _user(found[0]) if found else None

    async def by_row_ids(self, platform_id: str, row_ids: Iterable[str]) -> list[User]:
        """Those that are there, in no order."""
        wanted, users = sorted(set(row_ids)), list[User]()
        for start in range(0, len(wanted), _AT_ONCE):
            found = await self._documents.find({"id": In(tuple(wanted[start : start + _AT_ONCE]))})
            users += [_user(each) for each in found if each.fields["platform_id"] == platform_id]
        return users

    async def page(self, platform_id: str, page: Page) -> tuple[list[User], str | None]:
        found = await self._documents.find(
            {"platform_id": platform_id}, order=_BY_NAME, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _BY_NAME)
        return [_user(document) for document in documents], following

    async def add(self, user: User, events: Sequence[Message]) -> User:
        """Raises Conflict when the e-mail is taken, DuplicateKey when the user id is."""
        try:
            return _user(await self._documents.insert(_document(user), events))
        except DuplicateKey as taken:
            raise _refusal(taken) from None

    async def save(self, user: User, events: Sequence[Message]) -> User:
        """Raises Conflict when the e-mail is taken, RevisionConflict when the user changed meanwhile."""
        try:
            return _user(await self._documents.update(_document(user), events))
        except DuplicateKey as taken:
            raise _refusal(taken) from None

    async def bury(self, user: User, now: datetime, events: Sequence[Message]) -> None:
        """Leaves a tombstone, of no platform: the user's id and e-mail are free. Raises RevisionConflict."""
        fields: dict[str, Value] = {"platform_id": _NO_PLATFORM, "user_id": user.row_id, "purge_at": now + PURGE_LEASE}
        await self._documents.update(Document(user.row_id, fields, {}, revision=user.revision), events)

    async def claim_buried(self, limit: int) -> list[str]:
        """The row ids of tombstones whose purge was cut off."""
        return [each.id for each in await self._documents.claim({}, lease=PURGE_LEASE, limit=limit)]

    async def forget(self, row_id: str) -> None:
        await self._documents.delete(row_id)


def cursor_of(user: User) -> tuple[str | None, ...]:
    """A user's place in the order of lists."""
    return (user.name, user.user_id, user.row_id)


def _refusal(taken: DuplicateKey) -> Exception:
    if taken.fields == ("platform_id", "email"):
        return Conflict("email_taken", "email: another user of this platform has it.")
    return taken


def _user(document: Document) -> User:
    return User.model_validate(
        {**document.body, **document.fields, "row_id": document.id, "revision": document.revision}
    )


def _document(user: User) -> Document:
    fields = user.model_dump(include=_FIELDS)
    body = user.model_dump(mode="json", include={"inserted_at", "updated_at"})
    return Document(user.row_id, fields, body, revision=user.revision)
