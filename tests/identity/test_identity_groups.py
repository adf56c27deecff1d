"""Groups over HTTP: made, merged, changed, listed, deleted; seen by their members, managed by their admins."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from tests.identity.platforms import Platforms, acting

pytestmark = pytest.mark.asyncio(loop_scope="package")
AUTHORED = {"insertedAt", "createdBy", "updatedAt", "updatedBy"}


@pytest_asyncio.fixture(loop_scope="package")
async def world(platforms: Platforms) -> Platforms:
    """With the users ann, bob and eve."""
    for user_id in ("ann", "bob", "eve"):
        await platforms.make_user(userId=user_id)
    return platforms


async def test_create_group(world: Platforms) -> None:
    answer = await world.ask("POST", "/v1/group", {"name": "my_group"})
    assert (answer.status, list(answer.body)) == (200, ["id"])
    assert await world.members(answer.body["id"]) == {}


async def test_create_group_for_a_user_makes_it_the_admin(world: Platforms) -> None:
    group_id = await world.make_group(by="ann")
    assert await world.members(group_id) == {"ann": "admin"}
    row = (await world.ask("GET", f"/v1/group/{group_id}")).body
    assert (row["createdBy"], row["updatedBy"]) == ("ann", "ann")


async def test_get_group(world: Platforms) -> None:
    group_id = await world.make_group(name="my_group", source="remote", Authorization={"any": ["thing"]})
    row = (await world.ask("GET", f"/v1/group/{group_id}")).body
    assert row.keys() == {"id", "name", "source", "authorization"} | AUTHORED
    assert (row["id"], row["name"], row["source"]) == (group_id, "my_group", "remote")
    assert row["authorization"] == {"any": ["thing"]}
    assert (row["createdBy"], row["updatedBy"]) == (None, None)


async def test_a_group_is_local_and_authorizes_nothing_unless_it_is_said(world: Platforms) -> None:
    row = (await world.ask("GET", f"/v1/group/{await world.make_group()}")).body
    assert (row["source"], row["authorization"]) == ("local", {})


async def test_list_groups(world: Platforms) -> None:
    made = {name: await world.make_group(name=name) for name in ("c", "a", "b")}
    rows = (await world.ask("GET", "/v1/group")).body
    assert [row["id"] for row in rows] == [made[name] for name in "abc"]
    assert {frozenset(row) for row in rows} == {frozenset({"id", "name"} | AUTHORED)}


async def test_update_group(world: Platforms) -> None:
    group_id = await world.make_group(name="before", source="remote", authorization={"a": 1})
    for method in ("PUT", "PATCH"):
        answer = await world.ask(method, f"/v1/group/{group_id}?userId=nobody", {"name": "x"})
        assert answer.body["code"] == "user_not_found"
        row = (await world.ask(method, f"/v1/group/{group_id}", {"name": method, "createdBy": "x", "id": "y"})).body
        assert (row["id"], row["name"], row["source"], row["authorization"]) == (group_id, method, "remote", {"a": 1})
    assert (await world.ask("GET", f"/v1/group/{group_id}")).body == row


async def test_delete_group(world: Platforms) -> None:
    group_id = await world.make_group(by="ann")
    answer = await world.ask("DELETE", f"/v1/group/{group_id}")
    assert (answer.status, answer.body) == (200, {})
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "n"}),
        ("DELETE", "", None),
        ("GET", "/user", None),
        ("POST", "/user", {"userId": "bob"}),
        ("GET", "/user/ann", None),
        ("DELETE", "/user/ann", None),
    ):
        answer = await world.ask(method, f"/v1/group/{group_id}{path}", body)
        assert (answer.status, answer.body["code"]) == (404, "group_not_found")
    assert (await world.ask("GET", "/v1/group")).body == []


async def test_a_deleted_groups_id_may_be_used_again(world: Platforms) -> None:
    for _ in range(2):
        group_id = await world.make_group(by="ann", id=world.own("~team/1"))
        assert group_id == world.own("~team/1")
        assert await world.members("~team%2F1") == {"ann": "admin"}
        assert await world.status("DELETE", "/v1/group/~team%2F1") == 200


async def test_creating_with_an_id_merges(world: Platforms) -> None:
    await world.make_group(by="ann", id=world.own("~team"), name="before", source="remote")
    assert await world.make_group(id=world.own("~team"), name="after") == world.own("~team")
    row = (await world.ask("GET", "/v1/group/~team")).body
    assert (row["name"], row["source"], row["createdBy"], row["updatedBy"]) == ("after", "remote", "ann", None)
    assert await world.members("~team") == {"ann": "admin"}


async def test_creating_with_an_id_merges_for_its_admins_alone(world: Platforms) -> None:
    await world.make_group(by="ann", id=world.own("~team"))
    await world.ask("POST", "/v1/group/~team/user", {"userId": "bob"})
    body = {"id": world.own("~team"), "name": "theirs"}
    assert await world.status("POST", "/v1/group", body, by="ann") == 200
    assert (await world.ask("POST", "/v1/group?userId=bob", body)).body["code"] == "not_an_admin"
    assert (await world.ask("POST", "/v1/group?userId=eve", body)).body["code"] == "id_taken"


async def test_an_id_of_another_platform_is_taken(world: Platforms) -> None:
    other = await world.make_key("other")
    await world.make_group(id=world.own("~team"), key=other)
    taken = await world.ask("POST", "/v1/group", {"id": world.own("~team"), "name": "ours"})
    assert (taken.status, taken.body["code"]) == (409, "id_taken")


async def test_one_id_used_by_many_at_once_makes_one_group(world: Platforms) -> None:
    users = ["ann", "bob", "eve"]
    answers = await asyncio.gather(
        *(world.ask("POST", f"/v1/group{acting(user)}", {"id": world.own("~team"), "name": user}) for user in users)
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409]
    winner = next(user for user, answer in zip(users, answers, strict=True) if answer.status == 200)
    assert await world.members("~team") == {winner: "admin"}


async def test_a_platform_sees_its_own_groups_alone(world: Platforms) -> None:
    other = await world.make_key("other")
    group_id = await world.make_group(by="ann")
    assert (await world.ask("GET", "/v1/group", key=other)).body == []
    await world.make_user(userId="ann", key=other)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "n"}),
        ("DELETE", "", None),
        ("GET", "/user", None),
        ("POST", "/user", {"userId": "ann"}),
        ("GET", "/user/ann", None),
        ("PUT", "/user/ann", {"role": "member"}),
        ("DELETE", "/user/ann", None),
    ):
        for query in ("", "?userId=ann"):
            answer = await world.ask(method, f"/v1/group/{group_id}{path}{query}", body, key=other)
            assert (answer.status, answer.body["code"]) == (404, "group_not_found")
    assert await world.members(group_id) == {"ann": "admin"}


async def test_a_user_sees_the_groups_that_it_is_in(world: Platforms) -> None:
    await world.make_group(by="ann", id=world.own("~anns"), name="a")
    await world.make_group(by="bob", id=world.own("~bobs"), name="b")
    await world.make_group(id=world.own("~nobodys"), name="c")
    await world.ask("POST", "/v1/group/~bobs/user", {"userId": "ann"})
    assert [row["name"] for row in (await world.ask("GET", "/v1/group?userId=ann")).body] == ["a", "b"]
    assert [row["name"] for row in (await world.ask("GET", "/v1/group?userId=bob")).body] == ["b"]
    assert (await world.ask("GET", "/v1/group?userId=eve")).body == []
    assert [await world.status("GET", f"/v1/group/~{id}", by="ann") for id in ("anns", "bobs", "nobodys")] == [
        200,
        200,
        404,
    ]


async def test_a_group_is_changed_by_its_admins(world: Platforms) -> None:
    await world.make_group(by="ann", id=world.own("~team"))
    await world.ask("POST", "/v1/group/~team/user", {"userId": "bob"})
    for method, body in (("PUT", {"name": "new"}), ("DELETE", None)):
        assert (await world.ask(method, "/v1/group/~team?userId=bob", body)).body["code"] == "not_an_admin"
        assert (await world.ask(method, "/v1/group/~team?userId=eve", body)).body["code"] == "group_not_found"
        assert await world.status(method, "/v1/group/~team", body, by="ann") == 200


@pytest.mark.parametrize("query", ["", "&userId=ann"])
async def test_groups_are_paged(world: Platforms, query: str) -> None:
    made = {(name, await world.make_group(by="ann", name=name)) for name in "bacba"}
    path, listed = f"/v1/group?limit=2{query}", list[tuple[str, str]]()
    while path:
        answer = await world.ask("GET", path)
        listed.extend((row["name"], row["id"]) for row in answer.body)
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert listed == sorted(made)
