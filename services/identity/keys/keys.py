"""API keys: made once and shown once, checked by their hash, revoked for good."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import (
    KeyChanged,
    KeyGrant,
    KeyQuestion,
    KeyRevoked,
    KeysNoted,
    KeysUsed,
    KeyToRevoke,
)
from libs.common.errors import Conflict, NotFound, invalid
from libs.common.ids import new_id
from libs.common.settings import SettingsRefused
from libs.common.store.port import DuplicateKey, RevisionConflict
from libs.common.web.text import is_free_text
from services.identity.keys.models import ApiKey, hash_of
from services.identity.keys.repository import KeyRepository

DEFAULT_SECRET = "default"  # noqa: S105  (works on loopback alone, see Keys.install_default)
DEFAULT_PLATFORM = "interactor"
_PREFIX = "ik_"
_MAX_NAME = 64
_ATTEMPTS = 5
_NEWS = timedelta(seconds=30)
"""Several processes tell of the same key; what is known this closely is not written again."""


class Keys:
    """The verbs on API keys. `default_allowed`: whether the key `default` is honoured in this process."""

    def __init__(self, repository: KeyRepository, clock: Clock, *, default_allowed: bool) -> None:
        self._repository = repository
        self._clock = clock
        self._default_allowed = default_allowed

    async def create(self, platform_id: str, name: str) -> str:
        """Makes a key and answers its secret, which nobody can read again."""
        if not platform_id.isascii() or not platform_id.replace("-", "").replace("_", "").isalnum():
            raise invalid("platform", "use letters, digits, `-` and `_`")
        if not 1 <= len(platform_id) <= _MAX_NAME:
            raise invalid("platform", f"use 1 to {_MAX_NAME} characters")
        if not is_free_text(name):
            raise invalid("name", "use 1 to 256 characters, no control characters")
        secret = _PREFIX + secrets.token_urlsafe(32)
        await self._add(platform_id, name, secret)
        return secret

    async def of_platform(self, platform_id: str) -> list[ApiKey]:
        """A platform's keys by name, revoked ones included."""
        return await self._repository.of_platform(platform_id)

    async def revoke(self, platform_id: str, key_id: str) -> None:
        """Raises NotFound. Processes that hold the key in memory let go of it as they hear the event."""
        for _ in range(_ATTEMPTS):
            key = await self._repository.get(platform_id, key_id)
            if key is None or key.revoked_at is not None:
                raise NotFound("key_not_found", "This platform has no such active key; see `keys list`.")
            revoked = key.model_copy(update={"revoked_at": self._clock.now()})
            try:
                await self._repository.save(revoked, [self._changed(revoked)])
            except RevisionConflict:
                continue  # its use was noted at the same moment
            return
        raise Conflict("changed_meanwhile", "The key is being changed by others; try again.")

    async def revoke_for(self, asked: KeyToRevoke) -> KeyRevoked:
        """`revoke` for an operator elsewhere."""
        await self.revoke(asked.platform_id, asked.key_id)
        return KeyRevoked(key_id=asked.key_id)

    async def note_use(self, told: KeysUsed) -> KeysNoted:
        """Writes down when these were last used: now. A key that is unknown or revoked is passed over."""
        noted = await asyncio.gather(*(self._note(key_id) for key_id in told.key_ids))
        return KeysNoted(count=sum(noted))

    async def grant(self, question: KeyQuestion) -> KeyGrant | None:
        """Whose key this is; None when it is unknown or revoked."""
        key = await self._repository.by_hash(question.key_hash)
        if key is None or key.revoked_at is not None:
            return None
        if key.key_hash == hash_of(DEFAULT_SECRET) and not self._default_allowed:
            return None
        return KeyGrant(key_id=key.id, platform_id=key.platform_id)

    async def install_default(self) -> None:
        """Installs the key `default` of a local server. Raises SettingsRefused when production finds it."""
        known = await self._repository.by_hash(hash_of(DEFAULT_SECRET))
        if self._default_allowed and known is None:
            try:
                await self._add(DEFAULT_PLATFORM, "local default", DEFAULT_SECRET)
            except DuplicateKey:
                return

    async def refuse_default(self) -> None:
        """Raises SettingsRefused when the key `default` would open a production server."""
        known = await self._repository.by_hash(hash_of(DEFAULT_SECRET))
        if known is not None and known.revoked_at is None:
            raise SettingsRefused(
                "INTERACTOR_ENV=production with a store that holds the local key `default`: "
                "start with a store of its own, made for production."
            )

    async def _note(self, key_id: str) -> bool:
        key, now = await self._repository.by_id(key_id), self._clock.now()
        if key is None or key.revoked_at is not None:
            return False
        if key.last_used_at is not None and now - key.last_used_at < _NEWS:
            return False
        try:
            await self._repository.save(key.model_copy(update={"last_used_at": now}))
        except RevisionConflict:
            return False  # noted by another process, or revoked
        return True

    async def _add(self, platform_id: str, name: str, secret: str) -> None:
        key = ApiKey(
            id=new_id(), platform_id=platform_id, name=name, key_hash=hash_of(secret), inserted_at=self._clock.now()
        )
        await self._repository.add(key, [self._changed(key)])

    def _changed(self, key: ApiKey) -> Message:
        event = KeyChanged(
            platform_id=key.platform_id,
            key_id=key.id,
            key_hash=key.key_hash,
            revision=key.revision + 1,
            revoked=key.revoked_at is not None,
        )
        return encode(event, time=self._clock.now())
