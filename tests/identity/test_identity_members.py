"""Members of groups over HTTP: added, listed, changed, removed; the last admin stays."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from tests.identity.platforms import Platforms
from tests.product import running

pytestmark = pytest.mark.asyncio(loop_scope="package")
TEAM = "/v1/group/~team/user"


@pytest_asyncio.fixture(loop_scope="package")
async def world(platforms: Platforms) -> Platforms:
    """With the users ann, bob and eve, and a group whose admin is ann."""
    for user_id in ("ann", "bob", "eve"):
        await platforms.make_user(userId=user_id)
    await platforms.make_group(by="ann", id=platforms.own("~team"))
    return platforms


async def test_add_a_user_to_a_group(world: Platforms) -> None:
    answer = await world.ask("POST", TEAM, {"id": "bob", "name": "ignored"})
    assert (answer.status, answer.body) == (201, "")
    assert (await world.ask("POST", TEAM, {"userId": "eve", "role": "admin"})).status == 201
    assert await world.members("~team") == {"ann": "admin", "bob": "member", "eve": "admin"}


async def test_list_the_users_in_a_group(world: Platforms) -> None:
    await world.ask("POST", f"{TEAM}?userId=ann", {"userId": "bob"})
    ann, bob = (await world.ask("GET", TEAM)).body
    assert (ann["userId"], ann["role"]) == ("ann", "admin")
    assert (bob["userId"], bob["groupId"], bob["role"]) == ("bob", world.own("~team"), "member")
    assert (bob["createdBy"], bob["updatedBy"]) == ("ann", "ann")
    assert bob.keys() == {"role", "updatedBy", "createdBy", "insertedAt", "updatedAt", "userId", "groupId"}


async def test_get_a_user_in_a_group(world: Platforms) -> None:
    assert (await world.ask("GET", f"{TEAM}/ann")).body == (await world.ask("GET", TEAM)).body[0]
    for user_id in ("bob", "nobody"):
        answer = await world.ask("GET", f"{TEAM}/{user_id}")
        assert (answer.status, answer.body["code"]) == (404, "member_not_found")


async def test_update_a_user_in_a_group(world: Platforms) -> None:
    await world.ask("POST", TEAM, {"userId": "bob"})
    row = (await world.ask("PUT", f"{TEAM}/bob?userId=ann", {"role": "admin", "userId": "x", "groupId": "y"})).body
    assert (row["userId"], row["role"], row["createdBy"], row["updatedBy"]) == ("bob", "admin", None, "ann")
    assert row == (await world.ask("GET", f"{TEAM}/bob")).body
    assert (await world.ask("PATCH", f"{TEAM}/bob", {})).body == row
    assert (await world.ask("PUT", f"{TEAM}/bob", {"role": "member"})).body["role"] == "member"
    assert (await world.ask("PUT", f"{TEAM}/eve", {"role": "member"})).body["code"] == "member_not_found"


async def test_delete_a_user_in_a_group(world: Platforms) -> None:
    await world.ask("POST", TEAM, {"userId": "bob"})
    answer = await world.ask("DELETE", f"{TEAM}/bob")
    assert (answer.status, answer.body) == (200, {})
    assert (await world.ask("DELETE", f"{TEAM}/bob")).body["code"] == "member_not_found"
    assert await world.members("~team") == {"ann": "admin"}


async def test_adding_a_member_again_sets_the_role_that_is_given(world: Platforms) -> None:
    for role, has in ((None, "member"), ("admin", "admin"), (None, "admin"), ("member", "member")):
        body = {"userId": "bob"} if role is None else {"userId": "bob", "role": role}
        assert (await world.ask("POST", TEAM, body)).status == 201
        assert (await world.members("~team"))["bob"] == has


async def test_a_user_who_is_not_there_is_added_nowhere(world: Platforms) -> None:
    assert (await world.ask("POST", TEAM, {"userId": "nobody"})).body["code"] == "user_not_found"


async def test_with_provisioning_a_user_is_made_by_being_added() -> None:
    async with running(identity_auto_provision=True) as product:
        await product.ok("POST", "/v1/group?userId=ann", json={"id": "~team", "name": "team"})
        await product.ok("POST", TEAM, json={"userId": "bob"})
        assert [row["userId"] for row in await product.ok("GET", TEAM)] == ["ann", "bob"]


async def test_members_are_seen_by_members_and_managed_by_admins(world: Platforms) -> None:
    await world.ask("POST", TEAM, {"userId": "bob"})
    for method, path, body in (
        ("GET", TEAM, None),
        ("GET", f"{TEAM}/ann", None),
    ):
        assert [await world.status(method, path, body, by=user) for user in ("ann", "bob", "eve")] == [200, 200, 404]
    for method, path, body in (
        ("POST", TEAM, {"userId": "eve", "role": "admin"}),
        ("PUT", f"{TEAM}/bob", {"role": "admin"}),
        ("DELETE", f"{TEAM}/ann", None),
        ("DELETE", f"{TEAM}/nobody", None),
    ):
        assert (await world.ask(method, f"{path}?userId=bob", body)).body["code"] == "not_an_admin"
        assert (await world.ask(method, f"{path}?userId=eve", body)).body["code"] == "group_not_found"
    assert await world.members("~team") == {"ann": "admin", "bob": "member"}
    assert await world.status("POST", TEAM, {"userId": "eve"}, by="ann") == 201


async def test_a_member_may_leave(world: Platforms) -> None:
    await world.ask("POST", TEAM, {"userId": "bob"})
    assert await world.status("DELETE", f"{TEAM}/bob", by="bob") == 200
    assert await world.status("GET", TEAM, by="bob") == 404


@pytest.mark.parametrize("by", [None, "ann"])
async def test_the_last_admin_stays(world: Platforms, by: str | None) -> None:
    await world.ask("POST", TEAM, {"userId": "bob"})
    query = "" if by is None else f"?userId={by}"
    for method, path, body in (
        ("DELETE", f"{TEAM}/ann", None),
        ("PUT", f"{TEAM}/ann", {"role": "member"}),
        ("POST", TEAM, {"userId": "ann", "role": "member"}),
    ):
        answer = await world.ask(method, f"{path}{query}", body)
        assert (answer.status, answer.body["code"]) == (409, "last_admin")
    await world.ask("PUT", f"{TEAM}/bob", {"role": "admin"})
    assert await world.status("DELETE", f"{TEAM}/ann", by=by) == 200
    assert await world.members("~team") == {"bob": "admin"}


async def test_of_two_admins_who_leave_at_once_one_stays(world: Platforms) -> None:
    await world.ask("POST", TEAM, {"userId": "bob", "role": "admin"})
    answers = await asyncio.gather(*(world.ask("DELETE", f"{TEAM}/{user}?userId={user}") for user in ("ann", "bob")))
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert list((await world.members("~team")).values()) == ["admin"]


async def test_a_group_without_an_admin_is_managed_by_the_platform(world: Platforms) -> None:
    await world.make_group(id=world.own("~bare"))
    bare = "/v1/group/~bare/user"
    assert await world.status("POST", bare, {"userId": "bob"}) == 201
    assert await world.status("POST", bare, {"userId": "eve"}, by="bob") == 403
    assert await world.status("DELETE", f"{bare}/bob") == 200
    assert await world.status("POST", bare, {"userId": "bob", "role": "admin"}) == 201
    assert await world.status("POST", bare, {"userId": "eve"}, by="bob") == 201


async def test_members_are_listed_by_user_id_and_paged(world: Platforms) -> None:
    for user_id in ("b", "Z", "é", "a"):
        await world.make_user(userId=user_id)
        await world.ask("POST", TEAM, {"userId": user_id})
    path, listed = f"{TEAM}?limit=2", list[str]()
    while path:
        answer = await world.ask("GET", path)
        listed.extend(row["userId"] for row in answer.body)
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert listed == sorted(["ann", "b", "Z", "é", "a"])
