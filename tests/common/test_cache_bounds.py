"""Keys and tokens whose owner can't be asked any more are served for five minutes, and not a moment longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from libs.common.contracts.credentials import CredentialGrant
from libs.common.contracts.identity import KeyGrant
from libs.common.errors import Unavailable
from libs.common.web.access import Access
from libs.runtime.holdings import Holdings

_TOKEN = CredentialGrant(
    id="t1", name=None, service_url=None, virtual_id=None, token="t", headers={}, query={}, hosts=None
)


class Owner:
    """Answers until it is down, and says nothing; it stands for the bus as well, from which nothing is heard."""

    def __init__(self, answer: Any) -> None:
        self.down = False
        self.now_s = 0.0
        self._answer = answer

    async def ask(self, _call: Any, _question: Any) -> Any:
        if self.down:
            raise Unavailable("down", "It is down.")
        return self._answer

    def follow(self, _topic: str, _handler: Any) -> None: ...

    def monotonic(self) -> float:
        return self.now_s


def asks_for_a_key(owner: Any) -> Callable[[], Awaitable[object]]:
    access = Access(owner, owner, monotonic=owner.monotonic)
    return lambda: access.keys.get("hash")


def asks_for_a_token(owner: Any) -> Callable[[], Awaitable[object]]:
    holdings = Holdings(owner, owner, monotonic=owner.monotonic)
    return lambda: holdings.credential("p1", "u1", "s1", None)


@pytest.mark.parametrize(
    ("ask_of", "answer"),
    [(asks_for_a_key, KeyGrant(key_id="k1", platform_id="p1")), (asks_for_a_token, _TOKEN)],
    ids=["key", "token"],
)
async def test_a_grant_outlives_its_owner_by_five_minutes(ask_of: Any, answer: Any) -> None:
    owner = Owner(answer)
    ask = ask_of(owner)
    assert await ask() is not None
    owner.down = True
    with capture_logs():
        for owner.now_s in (59, 61, 299.9):
            assert await ask() is not None
        for owner.now_s in (300, 10_000):
            with pytest.raises(Unavailable):
                await ask()
