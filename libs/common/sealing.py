"""Sealing at rest: AES-256-GCM under a data key per service and platform, which the key ring wraps."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.common.clock import Clock, rfc3339
from libs.common.ids import derived_id
from libs.common.keyring import KEY_BYTES, Key, KeyRing, key_id_of
from libs.common.store.port import Collection, Document, Documents, DuplicateKey, RevisionConflict

_FIRST_DATA_KEY = "1"
_CHECK_ID = "key-check"
_CHECK_VALUE = b"interactor key check"


class SealBroken(Exception):
    """A sealed value is not what was sealed for this place: damaged, moved from another row, or of another key."""


def collection_spec(service: str) -> Collection:
    """Where a service keeps its wrapped data keys, one document per platform."""
    return Collection(f"{service}.data_keys", {"platform_id": "text"})


class PlatformSeal:
    """The unwrapped data keys of one platform in one service, newest first; seals and opens without waiting."""

    def __init__(self, platform_id: str, keys: Sequence[Key]) -> None:
        self._platform_id = platform_id
        self._keys: Mapping[str, Key] = {key.id: key for key in keys}
        self._newest = keys[0]

    def seal(self, plaintext: bytes, *, owner: str, row_id: str, field: str) -> str:
        return self._newest.encrypt(plaintext, (self._platform_id, owner, row_id, field))

    def open(self, text: str, *, owner: str, row_id: str, field: str) -> bytes:
        """Raises SealBroken."""
        key = self._keys.get(key_id_of(text) or "")
        if key is None:
            raise SealBroken(f"The sealed {field} of row {row_id} names no data key of its platform.")
        try:
            return key.decrypt(text, (self._platform_id, owner, row_id, field))
        except (ValueError, InvalidTag):
            raise SealBroken(f"The sealed {field} of row {row_id} can't be opened in this place.") from None

    def knows(self, text: str) -> bool:
        """Whether `text` names one of these keys."""
        return key_id_of(text) in self._keys


class Sealer:
    """Seals for one service, whose data keys are in `documents`; recently used ones stay in memory, unwrapped."""

    def __init__(
        self, service: str, documents: Documents, ring: KeyRing, clock: Clock, *, capacity: int = 1000
    ) -> None:
        self._service = service
        self._documents = documents
        self._ring = ring
        self._clock = clock
        self._capacity = capacity
        self._seals: OrderedDict[str, PlatformSeal] = OrderedDict()

    async def seal(self, platform_id: str, plaintext: bytes, *, owner: str, row_id: str, field: str) -> str:
        """What it answers opens again only for the same platform, owner, row and field."""
        seal = self.loaded(platform_id) or await self._read(platform_id) or await self._make(platform_id)
        return seal.seal(plaintext, owner=owner, row_id=row_id, field=field)

    async def open(self, platform_id: str, text: str, *, owner: str, row_id: str, field: str) -> bytes:
        """Raises SealBroken."""
        seal = self.loaded(platform_id)
        if seal is None or not seal.knows(text):
            seal = await self._read(platform_id)
        if seal is None:
            raise SealBroken(f"The sealed {field} of row {row_id} is of a platform without data keys.")
        return seal.open(text, owner=owner, row_id=row_id, field=field)

    def loaded(self, platform_id: str) -> PlatformSeal | None:
        """The platform's seal if it is in memory: for a path that must not wait."""
        seal = self._seals.get(platform_id)
        if seal is not None:
            self._seals.move_to_end(platform_id)
        return seal

    async def verify_keys(self) -> None:
        """Raises SealingRefused unless the ring holds, unchanged, every key that ever was the newest here.

        For that, a known value wrapped by each of them is kept.
        """
        while True:
            document = await self._documents.get(_CHECK_ID) or Document(_CHECK_ID, {}, body={})
            for id, check in document.body.items():
                self._ring.unwrap(check, self._check_context(id))
            if self._ring.newest_id in document.body:
                return
            with suppress(DuplicateKey, RevisionConflict):  # another process starts at the same time
                await self._add_check(document)

    async def _add_check(self, document: Document) -> None:
        id = self._ring.newest_id
        check = self._ring.wrap(_CHECK_VALUE, self._check_context(id))
        document = replace(document, body={**document.body, id: check})
        await (self._documents.update(document) if document.revision else self._documents.insert(document))

    async def _read(self, platform_id: str) -> PlatformSeal | None:
        document = await self._documents.get(_document_id(platform_id))
        return None if document is None else self._keep(platform_id, document)

    async def _make(self, platform_id: str) -> PlatformSeal:
        while True:
            with suppress(DuplicateKey):
                return self._keep(platform_id, await self._documents.insert(self._first_data_key(platform_id)))
            made_elsewhere = await self._read(platform_id)
            if made_elsewhere is not None:
                return made_elsewhere

    def _keep(self, platform_id: str, document: Document) -> PlatformSeal:
        context = self._wrap_context(platform_id)
        keys = [Key(each["id"], AESGCM(self._ring.unwrap(each["wrapped"], context))) for each in document.body["keys"]]
        seal = self._seals[platform_id] = PlatformSeal(platform_id, keys)
        if len(self._seals) > self._capacity:
            self._seals.popitem(last=False)
        return seal

    def _first_data_key(self, platform_id: str) -> Document:
        wrapped = self._ring.wrap(os.urandom(KEY_BYTES), self._wrap_context(platform_id))
        key = {"id": _FIRST_DATA_KEY, "wrapped": wrapped, "made_at": rfc3339(self._clock.now())}
        return Document(_document_id(platform_id), {"platform_id": platform_id}, body={"keys": [key]})

    def _wrap_context(self, platform_id: str) -> tuple[str, ...]:
        return ("data-key", self._service, platform_id)

    def _check_context(self, key_id: str) -> tuple[str, ...]:
        return ("key-check", self._service, key_id)


def _document_id(platform_id: str) -> str:
    return derived_id(platform_id, "data-keys")
