"""When a key was last used, told in batches; revocation by an operator from elsewhere."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from libs.common.contracts.calls import Call
from libs.common.contracts.identity import KeyGrant, KeysNoted, KeysUsed
from libs.common.engines import open_engines
from libs.common.errors import ServiceError, Unavailable
from libs.common.settings import Settings, SettingsRefused
from libs.common.web.access import Access
from libs.common.web.key_use import KeyUse
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository
from services.operator import ask_as_operator
from tests.clock import FakeClock
from tests.identity.platforms import Installed
from tests.product import running


class Told:
    """Identity, as a process sees it that tells it of keys; it stands for the bus as well."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.down = False
        self.heard = asyncio.Event()

    async def ask(self, _call: Call[Any, Any], question: Any) -> Any:
        if not isinstance(question, KeysUsed):
            return KeyGrant(key_id=question.key_hash, platform_id="acme")
        if self.down:
            raise Unavailable("identity_unavailable", "identity can't be reached just now.")
        self.told.append(question.key_ids)
        self.heard.set()
        return KeysNoted(count=len(question.key_ids))

    def follow(self, _topic: str, _handler: Any) -> None: ...


@pytest.fixture
def identity() -> Told:
    return Told()


@pytest.fixture
def access(identity: Any) -> Access:
    return Access(identity, identity)


async def test_each_key_is_told_of_once_a_round(identity: Any, access: Access) -> None:
    use = KeyUse(access, identity)
    await use.tell()
    access.used.update({"b", "a"})
    await use.tell()
    await use.tell()
    access.used.update({"b"})
    await use.tell()
    assert identity.told == [("a", "b"), ("b",)]


async def test_many_keys_are_told_of_in_parts(identity: Any, access: Access) -> None:
    access.used.update(f"key {number}" for number in range(1001))
    await KeyUse(access, identity).tell()
    assert [len(told) for told in identity.told] == [500, 500, 1]


async def test_what_could_not_be_told_goes_with_the_next_round(identity: Any, access: Access) -> None:
    use = KeyUse(access, identity)
    access.used.add("a")
    identity.down = True
    with capture_logs():
        await use.tell()
    identity.down = False
    access.used.add("b")
    await use.tell()
    assert identity.told == [("a", "b")]


async def test_a_process_that_stops_tells_what_it_has(identity: Any, access: Access) -> None:
    telling = asyncio.create_task(KeyUse(access, identity, interval_s=0.001).run())
    access.used.add("a")
    await identity.heard.wait()
    access.used.add("b")
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    assert identity.told == [("a",), ("b",)]


async def test_a_key_is_written_anew_when_there_is_news_of_it() -> None:
    clock = FakeClock()
    engines = open_engines("sqlite::memory:", "local:", clock)
    repository = KeyRepository(engines.store)
    keys = Keys(repository, clock, default_allowed=True)
    await engines.start()
    await keys.create("acme", "test")
    [key] = await keys.of_platform("acme")
    used = KeysUsed(key_ids=(key.id, "unknown"))
    for moved_s, news in ((0, 1), (29, 0), (31, 1)):
        clock.move(seconds=moved_s)
        assert (await keys.note_use(used)).count == news
    [noted] = await keys.of_platform("acme")
    assert noted.last_used_at == clock.now()
    clock.move(minutes=5)
    await asyncio.gather(keys.note_use(used), keys.revoke("acme", key.id))
    [revoked] = await keys.of_platform("acme")
    assert revoked.revoked_at is not None
    clock.move(minutes=5)
    assert (await keys.note_use(used)).count == 0
    await engines.close()


async def test_the_last_use_of_a_key_is_listed(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(data_dir=tmp_path, store_url=url) as product:
        beside = Installed(product, tmp_path, url)
        key = await beside.make_key("acme", "used")
        await beside.make_key("acme", "unused")
        assert (await beside.ask("GET", "/v1/user", key=key)).status == 200
    listed = {name: used for *_, used, name in await beside.keys("acme")}
    assert listed["unused"] == "never used"
    assert listed["used"].startswith("used 20")


def _pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    public, private = key.public_key().public_bytes_raw(), key.private_bytes_raw()
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


async def test_an_operator_revokes_a_key_by_the_internal_port(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    private, public = _pair()
    async with running(data_dir=tmp_path, store_url=url, internal_public_keys=f"operator={public}") as product:
        beside = Installed(product, tmp_path, url, internal_private_key=private)
        secret = await beside.make_key("acme")
        [[key_id, *_]] = await beside.keys("acme")
        assert (await beside.ask("GET", "/v1/user", key=secret)).status == 200
        await beside.revoke("acme", key_id, at=product.product.internal_url)
        assert (await beside.ask("GET", "/v1/user", key=secret)).status == 401
        with pytest.raises(ServiceError, match="no such active key"):
            await beside.revoke("acme", key_id, at=product.product.internal_url)


async def test_nobody_revokes_keys_whom_the_process_does_not_know(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    private, public = _pair()
    for known in ("", f"catalog={public}"):
        async with running(data_dir=tmp_path, store_url=url, internal_public_keys=known) as product:
            beside = Installed(product, tmp_path, url, internal_private_key=private)
            await beside.make_key("acme", "kept")
            key_id = (await beside.keys("acme"))[0][0]
            with capture_logs(), pytest.raises(ServiceError, match="role keys don't fit"):
                await beside.revoke("acme", key_id, at=product.product.internal_url)
            assert {state for _, _, state, *_ in await beside.keys("acme")} == {"active"}


async def test_an_operator_without_a_key_is_told_where_it_comes_from() -> None:
    question: Any = None
    call: Any = Call("any", "identity", ("operator",), KeysUsed, KeysNoted)
    with pytest.raises(SettingsRefused, match="INTERNAL_PRIVATE_KEY is needed"):
        await ask_as_operator(Settings(), "http://127.0.0.1:1", call, question)
