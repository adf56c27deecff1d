"""Identity in a process of its own: what the other processes know of keys and groups, and how soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from libs.common.clock import SystemClock
from services.identity.keys.keys import Keys
from services.identity.keys.repository import KeyRepository
from tests.parts import Parts, running_parts


async def within_a_second(is_so: Callable[[], Awaitable[bool]]) -> None:
    began_at = time.monotonic()
    while not await is_so():
        assert time.monotonic() - began_at < 1
        await asyncio.sleep(0.01)


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    async with running_parts("identity", "catalog", "credentials executor webhooks") as parts:
        yield parts


async def test_every_process_refuses_a_revoked_key_within_a_second(parts: Parts) -> None:
    store = parts["identity"].engines.store
    keys = Keys(KeyRepository(store), SystemClock(), default_allowed=True)
    secret = await keys.create("acme", "test")
    paths = ("/v1/user", "/v1/service", "/v1/execution")
    headers = {"api_key": secret}
    assert 401 not in [(await parts.plain("GET", path, headers=headers)).status for path in paths]
    [key] = await keys.of_platform("acme")
    await keys.revoke("acme", key.id)

    async def refused() -> bool:
        return [(await parts.plain("GET", path, headers=headers)).status for path in paths] == [401, 401, 401]

    await within_a_second(refused)


async def test_processes_tell_identity_which_keys_they_served(parts: Parts) -> None:
    keys = Keys(KeyRepository(parts["identity"].engines.store), SystemClock(), default_allowed=True)
    secret = await keys.create("acme", "test")
    assert (await parts.plain("GET", "/v1/service", headers={"api_key": secret})).status == 200
    await parts["catalog"].supervisor.stop()
    [key] = await keys.of_platform("acme")
    assert key.last_used_at is not None


async def test_every_process_knows_a_users_groups_within_a_second(parts: Parts) -> None:
    for user_id in ("ann", "bob"):
        await parts.ok("POST", "/v1/user", json={"userId": user_id})
    group = await parts.ok("POST", "/v1/group?userId=ann", json={"name": "team"})
    body = {"name": "shared", "sharing": "group", "groupIds": [group["id"]]}
    await parts.ok("POST", "/v1/service?userId=ann", json=body)
    members = f"/v1/group/{group['id']}/user"

    async def status(method: str, json: object = None) -> int:
        return (await parts.api(method, "/v1/service/shared?userId=bob", json=json)).status

    async def sees() -> bool:
        return await status("GET") == 200

    async def manages() -> bool:
        return await status("PUT", {"icon": "bob's"}) == 200

    async def sees_nothing() -> bool:
        return await status("GET") == 404

    assert await sees_nothing()
    await parts.ok("POST", members, json={"userId": "bob"})
    await within_a_second(sees)
    assert await status("PUT", {"icon": "bob's"}) == 403
    await parts.ok("PUT", f"{members}/bob", json={"role": "admin"})
    await within_a_second(manages)
    await parts.ok("DELETE", f"{members}/bob")
    await within_a_second(sees_nothing)
    await parts.ok("POST", members, json={"userId": "bob"})
    await within_a_second(sees)
    await parts.ok("DELETE", f"/v1/group/{group['id']}")
    await within_a_second(sees_nothing)
