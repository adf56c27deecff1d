"""API keys as documents, found by their hash."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Message
from libs.common.store.port import Collection, Document, Index, Sort, Store, cursor_after
from services.identity.keys.models import ApiKey

KEYS = Collection(
    "identity.keys",
    {"platform_id": "text", "key_hash": "text", "name": "text"},
    (Index(("key_hash",), unique=True), Index(("platform_id", "name"))),
    required=frozenset({"platform_id", "key_hash", "name"}),
)
_BY_NAME = (Sort("name"),)
_AT_ONCE = 500
_FIELDS = {"platform_id", "key_hash", "name"}


class KeyRepository:
    """API keys."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(KEYS)

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        found = await self._documents.find({"key_hash": key_hash}, limit=1)
        return _key(found[0]) if found else None

    async def by_id(self, id: str) -> ApiKey | None:
        """Whoever's it is."""
        document = await self._documents.get(id)
        return _key(document) if document is not None else None

    async def get(self, platform_id: str, id: str) -> ApiKey | None:
        key = await self.by_id(id)
        return key if key is not None and key.platform_id == platform_id else None

    async def of_platform(self, platform_id: str) -> list[ApiKey]:
        keys, after = list[ApiKey](), None
        while True:
            found = await self._documents.find(
                {"platform_id": platform_id}, order=_BY_NAME, after=after, limit=_AT_ONCE
            )
            keys += map(_key, found)
            if len(found) < _AT_ONCE:
                return keys
            after = cursor_after(found[-1], _BY_NAME)

    async def add(self, key: ApiKey, events: Sequence[Message]) -> ApiKey:
        """Raises DuplicateKey when the very secret exists."""
        return _key(await self._documents.insert(_document(key), events))

    async def save(self, key: ApiKey, events: Sequence[Message] = ()) -> ApiKey:
        """Raises RevisionConflict."""
        return _key(await self._documents.update(_document(key), events))


def _key(document: Document) -> ApiKey:
    return ApiKey.model_validate({**document.body, **document.fields, "id": document.id, "revision": document.revision})


def _document(key: ApiKey) -> Document:
    fields = key.model_dump(include=_FIELDS)
    body = key.model_dump(mode="json", exclude={"id", "revision", *_FIELDS})
    return Document(key.id, fields, body, revision=key.revision)
