"""Which users a user sees and may change, and what identity tells the other services of its groups."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.identity.platforms import Platforms

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def world(platforms: Platforms) -> Platforms:
    """With ann and bob in a group, and eve outside of it."""
    for user_id in ("ann", "bob", "eve"):
        await platforms.make_user(userId=user_id, name=f"name of {user_id}")
    await platforms.make_group(by="ann", id=platforms.own("~team"))
    await platforms.ask("POST", "/v1/group/~team/user", {"userId": "bob"})
    return platforms


async def listed(world: Platforms, query: str) -> list[str]:
    path, ids = f"/v1/user?{query}", list[str]()
    while path:
        answer = await world.ask("GET", path)
        ids.extend(row["id"] for row in answer.body)
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    return ids


async def test_a_user_sees_itself_and_the_members_of_its_groups(world: Platforms) -> None:
    for user_id, seen in (("ann", ["ann", "bob"]), ("bob", ["ann", "bob"]), ("eve", ["eve"])):
        assert await listed(world, f"userId={user_id}") == seen
        for other in ("ann", "bob", "eve"):
            expected = 200 if other in seen else 404
            assert await world.status("GET", f"/v1/user/{other}", by=user_id) == expected
    unseen = await world.ask("GET", "/v1/user/eve?userId=ann")
    unknown = await world.ask("GET", "/v1/user/nobody?userId=ann")
    assert {**unseen.body, "requestId": ""} == {**unknown.body, "requestId": ""}


async def test_who_leaves_is_seen_no_more(world: Platforms) -> None:
    assert await world.status("DELETE", "/v1/group/~team/user/bob", by="bob") == 200
    assert await world.status("GET", "/v1/user/ann", by="bob") == 404
    assert await listed(world, "userId=ann") == ["ann"]


async def test_a_narrowed_list_is_by_name_then_identifier_and_paged(world: Platforms) -> None:
    for user_id, name in (("4", None), ("3", "b"), ("2", "b"), ("1", "c"), ("5", "a")):
        await world.make_user(userId=user_id, **({"name": name} if name else {}))
        await world.ask("POST", "/v1/group/~team/user", {"userId": user_id})
    everybody = await listed(world, "limit=2")
    assert await listed(world, "limit=2&userId=ann") == [user_id for user_id in everybody if user_id != "eve"]
    for cursor in ("bnVsbA", "WzFd", "W10"):
        assert (await world.ask("GET", f"/v1/user?userId=ann&cursor={cursor}")).status == 400


async def test_a_user_changes_itself_alone(world: Platforms) -> None:
    for method, path, body in (
        ("PUT", "/v1/user/{}", {"name": "new"}),
        ("POST", "/v1/user", {"userId": "{}", "name": "new"}),
        ("DELETE", "/v1/user/{}", None),
    ):
        for user_id, code in (("bob", "another_user"), ("eve", "user_not_found"), ("nobody", "user_not_found")):
            given = {**body, "userId": user_id} if body and "userId" in body else body
            answer = await world.ask(method, f"{path.format(user_id)}?userId=ann", given)
            assert (answer.status, answer.body["code"]) == (403 if code == "another_user" else 404, code)
        given = {**body, "userId": "ann"} if body and "userId" in body else body
        assert await world.status(method, path.format("ann"), given, by="ann") == 200
    assert await world.user("bob") == {**await world.user("bob"), "name": "name of bob"}
    assert await world.user("nobody") == "user_not_found"
