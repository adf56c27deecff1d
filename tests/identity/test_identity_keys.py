"""API keys: made, listed and revoked by command beside a running server; the default one on loopback alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from libs.common.clock import SystemClock
from libs.common.contracts.catalog import BUILT_IN_PLATFORM
from libs.common.contracts.identity import KeyQuestion
from libs.common.engines import open_engines
from libs.common.errors import Invalid, NotFound
from libs.common.settings import SettingsRefused
from services.identity.keys.keys import Keys
from services.identity.keys.models import hash_of
from services.identity.keys.repository import KeyRepository
from tests.identity.platforms import Installed
from tests.product import running

_PRODUCTION = {
    "interactor_env": "production",
    "credentials_keys": f"k1:{'A' * 43}=",
    "public_url": "https://hooks.example.com",
}


async def test_a_new_key_opens_its_platform_at_once(installed: Installed) -> None:
    key = await installed.make_key("acme", "for tests")
    assert (await installed.ask("GET", "/v1/user", key=key)).status == 200


async def test_a_revoked_key_is_refused_within_a_second(installed: Installed) -> None:
    key = await installed.make_key("acme")
    assert (await installed.ask("GET", "/v1/user", key=key)).status == 200
    [[key_id, *_]] = await installed.keys("acme")
    await installed.revoke("acme", key_id)
    revoked_at = time.monotonic()
    while (await installed.ask("GET", "/v1/user", key=key)).status == 200:
        assert time.monotonic() - revoked_at < 1
        await asyncio.sleep(0.01)


async def test_revoking_one_key_leaves_the_others(installed: Installed) -> None:
    await installed.make_key("acme", "a")
    kept = await installed.make_key("acme", "b")
    await installed.revoke("acme", (await installed.keys("acme"))[0][0])
    assert [state.split()[0] for _, _, state, *_ in await installed.keys("acme")] == ["revoked", "active"]
    assert (await installed.ask("GET", "/v1/user", key=kept)).status == 200


async def test_a_list_shows_no_secret(installed: Installed) -> None:
    key = await installed.make_key("acme", "for tests")
    [[_, _, state, used, name]] = await installed.keys("acme")
    assert (state, used, name) == ("active", "never used", "for tests")
    assert key not in str(await installed.keys("acme"))
    assert hash_of(key) not in str(await installed.keys("acme"))


async def test_a_list_for_programs_holds_what_the_other_shows(installed: Installed) -> None:
    await installed.make_key("acme", "for tests")
    [key] = await installed.keys_as_json("acme")
    assert key.keys() == {"id", "platformId", "name", "insertedAt", "lastUsedAt", "revokedAt"}
    assert (key["platformId"], key["name"], key["lastUsedAt"], key["revokedAt"]) == ("acme", "for tests", None, None)
    await installed.revoke("acme", key["id"])
    assert (await installed.keys_as_json("acme"))[0]["revokedAt"] is not None


async def test_several_keys_of_one_platform_may_share_a_name(installed: Installed) -> None:
    keys = [await installed.make_key("acme", "backend") for _ in range(2)]
    assert [name for *_, name in await installed.keys("acme")] == ["backend", "backend"]
    assert [(await installed.ask("GET", "/v1/user", key=key)).status for key in keys] == [200, 200]


async def test_keys_of_another_platform_are_neither_listed_nor_revoked(installed: Installed) -> None:
    await installed.make_key("acme")
    [[key_id, *_]] = await installed.keys("acme")
    assert await installed.keys("other") == []
    with pytest.raises(NotFound):
        await installed.revoke("other", key_id)


async def test_a_key_is_revoked_once(installed: Installed) -> None:
    await installed.make_key("acme")
    [[key_id, *_]] = await installed.keys("acme")
    await installed.revoke("acme", key_id)
    with pytest.raises(NotFound):
        await installed.revoke("acme", key_id)


async def test_a_platform_is_named_in_plain_letters(installed: Installed) -> None:
    for platform in ("", "a b", "a/b", "é", "a" * 65, "-", "a\n", BUILT_IN_PLATFORM):
        with pytest.raises(Invalid, match="platform"):
            await installed.make_key(platform)


async def test_a_keys_name_is_plain_text(installed: Installed) -> None:
    with pytest.raises(Invalid, match="name"):
        await installed.make_key("acme", "\x1b[31m")


async def test_the_default_key_works_locally(installed: Installed) -> None:
    assert (await installed.ask("GET", "/v1/user")).status == 200


async def test_the_default_key_is_not_there_off_loopback() -> None:
    async with running(host="0.0.0.0") as product:
        assert (await product.api("GET", "/v1/user")).status == 401


async def test_a_default_key_from_before_is_not_honoured_off_loopback(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(store_url=url, data_dir=tmp_path) as product:
        assert (await product.api("GET", "/v1/user")).status == 200
    async with running(store_url=url, data_dir=tmp_path, host="0.0.0.0") as product:
        assert (await product.api("GET", "/v1/user")).status == 401


async def test_production_never_knows_the_default_key() -> None:
    async with running(**_PRODUCTION) as product:
        assert (await product.api("GET", "/v1/user")).status == 401


async def test_production_refuses_a_store_that_holds_the_default_key(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(store_url=url, data_dir=tmp_path, credentials_keys=_PRODUCTION["credentials_keys"]):
        pass
    with pytest.raises(SettingsRefused, match="default"):
        async with running(store_url=url, **_PRODUCTION):
            pass


async def test_a_revoked_default_key_stays_revoked(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'interactor.db'}"
    async with running(store_url=url, data_dir=tmp_path) as product:
        beside = Installed(product, tmp_path, url)
        await beside.revoke("interactor", (await beside.keys("interactor"))[0][0])
    async with running(store_url=url, data_dir=tmp_path) as product:
        assert (await product.api("GET", "/v1/user")).status == 401


async def test_only_the_hash_of_a_key_is_kept() -> None:
    clock = SystemClock()
    engines = open_engines("sqlite::memory:", "local:", clock)
    repository = KeyRepository(engines.store)
    keys = Keys(repository, clock, default_allowed=True)
    await engines.start()
    try:
        secret = await keys.create("acme", "test")
        assert len(secret) > 40
        kept = await repository.by_hash(hash_of(secret))
        assert kept is not None
        assert secret not in kept.model_dump_json()
        granted = await keys.grant(KeyQuestion(key_hash=hash_of(secret)))
        assert granted is not None
        assert granted.platform_id == "acme"
    finally:
        await engines.close()
