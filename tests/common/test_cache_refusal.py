"""A followed cache whose owner refuses what it granted before."""

import asyncio

from libs.common.cache import FollowedCache, Loaded
from libs.common.errors import Conflict, Unavailable


class Owner:
    """Answers until it is told to raise."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.now_s = 0.0
        self.cache: FollowedCache[str, str] = FollowedCache(
            "owned", self.load, fresh_s=60, stale_s=300, monotonic=lambda: self.now_s
        )

    async def load(self, key: str) -> Loaded[str]:
        if self.error is not None:
            raise self.error
        return Loaded("granted", frozenset({key}))

    async def outcomes(self, times: int) -> list[str]:
        return [await self._outcome() for _ in range(times)]

    async def _outcome(self) -> str:
        try:
            answer = await self.cache.get("k")
        except (Conflict, Unavailable) as error:
            answer = error.code
        await asyncio.sleep(0)  # lets what runs behind the caller end: the owner answers at once
        await asyncio.sleep(0)
        return answer


async def test_an_owners_refusal_ends_what_is_held() -> None:
    owner = Owner()
    await owner.outcomes(1)
    owner.now_s, owner.error = 61, Conflict("expired", "It has expired.")
    assert await owner.outcomes(2) == ["granted", "expired"]


async def test_an_owner_that_is_down_ends_nothing() -> None:
    owner = Owner()
    await owner.outcomes(1)
    owner.now_s, owner.error = 61, Unavailable("down", "It is down.")
    assert await owner.outcomes(2) == ["granted", "granted"]
