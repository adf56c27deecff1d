"""API keys: made once and shown once, checked by their hash, revoked for good."""

from __future__ import annotations

import secrets

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import KeyChanged, KeyGrant, KeyQuestion
from libs.common.errors import NotFound, invalid
from libs.common.ids import new_id
from libs.common.settings import SettingsRefused
from libs.common.store.port import DuplicateKey
from libs.common.web.text import is_free_text
from services.identity.models import ApiKey, hash_of
from services.identity.repository import KeyRepository

DEFAULT_SECRET = "default"  # noqa: S105  (works on loopback alone, see Keys.install_default)
DEFAULT_PLATFORM = "interactor"
_PREFIX = "ik_"
_MAX_NAME = 64


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
        key = await self._repository.get(platform_id, key_id)
        if key is None or key.revoked_at is not None:
            raise NotFound("key_not_found", "This platform has no such active key; see `keys list`.")
        revoked = key.model_copy(update={"revoked_at": self._clock.now()})
        await self._repository.save(revoked, [self._changed(revoked)])

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
