"""Who hears of a trigger now: subscriptions in followed caches, for the way from a notification to its deliveries."""

from __future__ import annotations

from collections.abc import Sequence

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.envelope import decode
from libs.common.contracts.webhooks import SubscriptionChanged
from services.webhooks.subscriptions.models import Subscription
from services.webhooks.subscriptions.repository import SubscriptionRepository

CHUNK = 100
"""Subscriptions of one fan-out step; the first step of each trigger is what is cached."""


class Hearing:
    """Matches and looks up subscriptions; a change of one is felt as soon as its event is heard."""

    def __init__(self, repository: SubscriptionRepository, bus: Bus) -> None:
        self._repository = repository
        self.matches: FollowedCache[tuple[str, str, tuple[str, ...]], tuple[Subscription, ...]] = FollowedCache(
            "matches", self._load_matches, capacity=2_000
        )
        self.current_ones: FollowedCache[tuple[str, str], Subscription | None] = FollowedCache(
            "subscriptions", self._load_current
        )
        bus.follow(SubscriptionChanged.topic, self._changed)

    async def of(
        self, platform_id: str, trigger_id: str, terms: tuple[str, ...], *, after: str | None
    ) -> Sequence[Subscription]:
        """The next CHUNK of those that hear of the trigger and hold the terms, after the one of that id."""
        if after is None:
            key = (platform_id, trigger_id, terms)
            return self.matches.peek(key) or await self.matches.get(key)
        return await self._repository.hearing(platform_id, trigger_id, terms, after=(after,), limit=CHUNK)

    async def current(self, platform_id: str, id: str) -> Subscription | None:
        key = (platform_id, id)
        return self.current_ones.peek(key) or await self.current_ones.get(key)

    async def _load_matches(self, key: tuple[str, str, tuple[str, ...]]) -> Loaded[tuple[Subscription, ...]]:
        platform_id, trigger_id, terms = key
        found = await self._repository.hearing(platform_id, trigger_id, terms, after=None, limit=CHUNK)
        return Loaded(tuple(found), frozenset({trigger_id}))

    async def _load_current(self, key: tuple[str, str]) -> Loaded[Subscription | None]:
        return Loaded(await self._repository.get(*key), frozenset({key[1]}))

    def _changed(self, message: Message) -> None:
        heard = decode(message, SubscriptionChanged)
        if heard is not None:
            self.matches.drop([heard.event.trigger_id])
            self.current_ones.drop([heard.event.subscription_id])
