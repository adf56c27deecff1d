"""Who is asking: API keys and users, as identity answers them, in followed caches."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping

from aiohttp import web

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.calls import Peers
from libs.common.contracts.envelope import Heard, decode
from libs.common.contracts.identity import (
    AUTHENTICATE_KEY,
    FIND_USER,
    KeyChanged,
    KeyGrant,
    KeyQuestion,
    MembershipChanged,
    UserChanged,
    UserGrant,
    UserQuestion,
)
from libs.common.errors import NotFound, Unauthenticated
from libs.common.web.rate_limit import RateLimits
from libs.common.web.routes import ANSWER_HEADERS

_STALE_S = 300.0


class Access:
    """Answers whose a key is and who a user is; a revocation is felt as soon as its event is heard.

    `used` are the ids of keys that came of late. With `limits` a key that asks too often is turned away.
    """

    def __init__(
        self,
        peers: Peers,
        bus: Bus,
        *,
        limits: RateLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.used: set[str] = set()
        self._peers = peers
        self._limits = limits
        self.keys: FollowedCache[str, KeyGrant | None] = FollowedCache(
            "keys", self._load_key, stale_s=_STALE_S, monotonic=monotonic
        )
        self.users: FollowedCache[tuple[str, str], UserGrant | None] = FollowedCache("users", self._load_user)
        bus.follow(KeyChanged.topic, self._key_changed)
        bus.follow(UserChanged.topic, self._user_changed)

    async def key(self, request: web.BaseRequest) -> KeyGrant:
        """Raises Unauthenticated, RateLimited."""
        secret = presented_key(request.headers)
        if secret is None:
            raise Unauthenticated("missing_key", "Send your platform's key in the header `api_key`.")
        key_hash = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
        grant = self.keys.peek(key_hash) or await self.keys.get(key_hash)
        if grant is None:
            raise Unauthenticated("unknown_key", "The key is unknown or was revoked.")
        self.used.add(grant.key_id)
        if self._limits is not None:
            self._limits.spend(grant.key_id, request.setdefault(ANSWER_HEADERS, {}))
        return grant

    def take_used(self) -> set[str]:
        """The keys that were used since this was asked the last time."""
        used, self.used = self.used, set()
        return used

    async def user(self, platform_id: str, user_id: str) -> UserGrant:
        """Raises NotFound."""
        grant = await self.users.get((platform_id, user_id))
        if grant is None:
            raise NotFound(
                "user_not_found", "userId: this platform has no such user; make it first with POST /v1/user."
            )
        return grant

    async def _load_key(self, key_hash: str) -> Loaded[KeyGrant | None]:
        grant = await self._peers.ask(AUTHENTICATE_KEY, KeyQuestion(key_hash=key_hash))
        return Loaded(grant, frozenset({key_hash}))

    async def _load_user(self, key: tuple[str, str]) -> Loaded[UserGrant | None]:
        platform_id, user_id = key
        grant = await self._peers.ask(FIND_USER, UserQuestion(platform_id=platform_id, user_id=user_id))
        return Loaded(grant, frozenset({f"{platform_id}/{user_id}"}))

    def _key_changed(self, message: Message) -> None:
        heard = decode(message, KeyChanged)
        if heard is not None:
            self.keys.drop([heard.event.key_hash])

    def _user_changed(self, message: Message) -> None:
        heard: Heard[UserChanged | MembershipChanged] | None = decode(message, UserChanged, MembershipChanged)
        if heard is not None:
            self.users.drop([f"{heard.event.platform_id}/{heard.event.user_id}"])


def presented_key(headers: Mapping[str, str]) -> str | None:
    """The key that a request carries: `api_key`, `x-api-key`, or `Authorization: Bearer`."""
    key = headers.get("api_key") or headers.get("x-api-key")
    if key:
        return key
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
