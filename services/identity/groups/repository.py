"""Groups and memberships as documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Document, In, Index, Sort, Store, Value, cursor_after
from libs.common.web.paging import Page, page_of
from services.identity.groups.models import Group, Member

GROUPS = Collection(
    "identity.groups",
    {"platform_id": "text", "name": "text", "purge_at": "time"},
    (Index(("platform_id", "name")), Index(("purge_at",))),
    due="purge_at",
    required=frozenset({"platform_id", "name"}),
)
MEMBERS = Collection(
    "identity.members",
    {"platform_id": "text", "group_id": "text", "user_row_id": "text", "user_id": "text"},
    (Index(("group_id", "user_row_id"), unique=True), Index(("group_id", "user_id")), Index(("user_row_id",))),
    required=frozenset({"platform_id", "group_id", "user_row_id", "user_id"}),
)
PURGE_LEASE = timedelta(minutes=5)
_NOWHERE = ""
_BY_NAME = (Sort("name"),)
_BY_USER_ID = (Sort("user_id"),)
_AT_ONCE = 500
_MEMBER_FIELDS = {"platform_id", "group_id", "user_row_id", "user_id"}


class GroupRepository:
    """Groups; one that is not there is found by `get` alone."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(GROUPS)

    async def get(self, id: str) -> Group | None:
        """Whoever's it is, and whether or not it is there."""
        document = await self._documents.get(id)
        return _group(document) if document is not None else None

    async def standing(self, platform_id: str, ids: Iterable[str]) -> list[Group]:
        """Those of the platform that are there, in no order."""
        wanted, groups = sorted(set(ids)), list[Group]()
        for start in range(0, len(wanted), _AT_ONCE):
            found = await self._documents.find({"id": In(tuple(wanted[start : start + _AT_ONCE]))})
            groups += [group for group in map(_group, found) if group.stands_in(platform_id)]
        return groups

    async def page(self, platform_id: str, page: Page) -> tuple[list[Group], str | None]:
        found = await self._documents.find(
            {"platform_id": platform_id}, order=_BY_NAME, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _BY_NAME)
        return [_group(document) for document in documents], following

    async def add(self, group: Group, events: Sequence[Message] = ()) -> Group:
        """Raises DuplicateKey when the id is taken."""
        return _group(await self._documents.insert(_group_document(group), events))

    async def save(self, group: Group, events: Sequence[Message] = ()) -> Group:
        """Raises RevisionConflict."""
        return _group(await self._documents.update(_group_document(group), events))

    async def claim_ended(self, limit: int) -> list[str]:
        """The ids of groups whose making or purge was cut off."""
        return [each.id for each in await self._documents.claim({}, lease=PURGE_LEASE, limit=limit)]

    async def forget(self, id: str) -> None:
        """Unless it stands by now. Raises RevisionConflict."""
        group = await self.get(id)
        if group is not None and group.purge_at is not None:
            await self._documents.delete(id, revision=group.revision)


class MemberRepository:
    """Who is in which group."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(MEMBERS)

    async def get(self, group_id: str, user_row_id: str) -> Member | None:
        found = await self._documents.find({"group_id": group_id, "user_row_id": user_row_id}, limit=1)
        return _member(found[0]) if found else None

    async def page(self, group_id: str, page: Page) -> tuple[list[Member], str | None]:
        found = await self._documents.find(
            {"group_id": group_id}, order=_BY_USER_ID, after=page.after, limit=page.limit + 1
        )
        documents, following = page_of(found, page, _BY_USER_ID)
        return [_member(document) for document in documents], following

    async def of_group(self, group_id: str) -> AsyncIterator[Member]:
        after = None
        while True:
            found = await self._documents.find({"group_id": group_id}, order=_BY_USER_ID, after=after, limit=_AT_ONCE)
            for document in found:
                yield _member(document)
            if len(found) < _AT_ONCE:
                return
            after = cursor_after(found[-1], _BY_USER_ID)

    async def of_user(self, user_row_id: str) -> AsyncIterator[Member]:
        after, by_id = None, (Sort("id"),)
        while True:
            found = await self._documents.find({"user_row_id": user_row_id}, order=by_id, after=after, limit=_AT_ONCE)
            for document in found:
                yield _member(document)
            if len(found) < _AT_ONCE:
                return
            after = cursor_after(found[-1], by_id)

    async def add(self, member: Member, events: Sequence[Message]) -> Member:
        """Raises DuplicateKey when the user is in the group."""
        return _member(await self._documents.insert(_member_document(member), events))

    async def save(self, member: Member, events: Sequence[Message]) -> Member:
        """Raises RevisionConflict."""
        return _member(await self._documents.update(_member_document(member), events))

    async def remove(self, member: Member, events: Sequence[Message]) -> bool:
        """False when it is gone already. Raises RevisionConflict."""
        return await self._documents.delete(member.id, revision=member.revision, events=events)


def group_cursor(group: Group) -> tuple[str | None, ...]:
    """A group's place in the order of lists."""
    return (group.name, group.id)


def _group(document: Document) -> Group:
    return Group.model_validate(
        {
            **document.body,
            "id": document.id,
            "purge_at": document.fields.get("purge_at"),
            "revision": document.revision,
        }
    )


def _group_document(group: Group) -> Document:
    body = group.model_dump(mode="json", exclude={"id", "purge_at", "revision"})
    return Document(group.id, _group_fields(group, group.purge_at), body, revision=group.revision)


def _group_fields(group: Group, purge_at: datetime | None) -> dict[str, Value]:
    """What is not there is in no list."""
    if purge_at is not None:
        return {"platform_id": _NOWHERE, "name": _NOWHERE, "purge_at": purge_at}
    return {"platform_id": group.platform_id, "name": group.name}


def _member(document: Document) -> Member:
    return Member.model_validate({**document.body, **document.fields, "id": document.id, "revision": document.revision})


def _member_document(member: Member) -> Document:
    fields = member.model_dump(include=_MEMBER_FIELDS)
    body = member.model_dump(mode="json", exclude={"id", "revision", *_MEMBER_FIELDS})
    return Document(member.id, fields, body, revision=member.revision)
