"""Users over HTTP: made, merged, changed, listed, deleted, each platform for itself."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from tests.identity.platforms import Platforms
from tests.product import running

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_create_user_and_get_user(platforms: Platforms) -> None:
    answer = await platforms.make_user(userId="u", email="Ada@Example.com", name="Ada Lovelace")
    assert (answer.status, answer.body) == (200, {"id": "u"})
    row = await platforms.user("u")
    assert (row["id"], row["email"], row["name"]) == ("u", "ada@example.com", "Ada Lovelace")
    assert len(row["insertedAt"]) == len("2024-01-01T00:00:00")


async def test_an_identifier_is_any_text(platforms: Platforms) -> None:
    names = ("2", "a@b.c", "with space", "sl/ash", "Ünïcode 💡", "%2e", "?&=#", "'\"<>", "a" * 256)
    for user_id in names:
        assert (await platforms.make_user(userId=user_id)).body == {"id": user_id}
        assert (await platforms.user(quote(user_id, safe="")))["id"] == user_id
    assert len((await platforms.ask("GET", "/v1/user")).body) == len(names)


async def test_making_a_user_again_merges(platforms: Platforms) -> None:
    await platforms.make_user(userId="u", email="u@example.com", name="before")
    await platforms.make_user(userId="u", name="after")
    row = await platforms.user("u")
    assert (row["email"], row["name"]) == ("u@example.com", "after")


async def test_one_user_made_many_times_at_once_is_one(platforms: Platforms) -> None:
    answers = await asyncio.gather(*(platforms.make_user(userId="u", name=str(n)) for n in range(20)))
    assert {answer.status for answer in answers} <= {200, 409}
    assert len((await platforms.ask("GET", "/v1/user")).body) == 1


async def test_an_email_belongs_to_one_user_of_a_platform(platforms: Platforms) -> None:
    other = await platforms.make_key("other")
    await platforms.make_user(userId="u", email="u@example.com")
    await platforms.make_user(userId="v")
    taken = await platforms.make_user(userId="w", email="U@example.com")
    assert (taken.status, taken.body["code"]) == (409, "email_taken")
    assert (await platforms.ask("PUT", "/v1/user/v", {"email": "u@example.com"})).body["code"] == "email_taken"
    assert (await platforms.make_user(userId="w", email="u@example.com", key=other)).status == 200


async def test_an_email_is_free_again_after_its_user(platforms: Platforms) -> None:
    await platforms.make_user(userId="u", email="u@example.com")
    await platforms.ask("DELETE", "/v1/user/u")
    assert (await platforms.make_user(userId="v", email="u@example.com")).status == 200


async def test_update_user_changes_what_is_given(platforms: Platforms) -> None:
    await platforms.make_user(userId="u", email="u@example.com", name="before")
    answer = await platforms.ask("PUT", "/v1/user/u", {"name": "after", "id": "x", "insertedAt": "2020-01-01T00:00:00"})
    assert (answer.status, answer.body) == (200, {})
    row = await platforms.user("u")
    assert (row["id"], row["email"], row["name"]) == ("u", "u@example.com", "after")


async def test_an_update_with_null_clears(platforms: Platforms) -> None:
    await platforms.make_user(userId="u", email="u@example.com", name="name")
    await platforms.ask("PUT", "/v1/user/u", {"email": None, "name": None})
    row = await platforms.user("u")
    assert (row["email"], row["name"]) == (None, None)


async def test_delete_user(platforms: Platforms) -> None:
    await platforms.make_user(userId="u")
    answer = await platforms.ask("DELETE", "/v1/user/u")
    assert (answer.status, answer.body) == (200, {})
    assert await platforms.user("u") == "user_not_found"
    for method, body in (("DELETE", None), ("PUT", {"name": "n"})):
        assert (await platforms.ask(method, "/v1/user/u", body)).status == 404


async def test_a_deleted_user_acts_no_more(platforms: Platforms) -> None:
    await platforms.make_user(userId="u")
    assert (await platforms.ask("GET", "/v1/service?userId=u")).status == 200
    await platforms.ask("DELETE", "/v1/user/u")
    assert (await platforms.ask("GET", "/v1/service?userId=u")).status == 404


async def test_a_platform_sees_its_own_users_alone(platforms: Platforms) -> None:
    other = await platforms.make_key("other")
    await platforms.make_user(userId="u", name="ours")
    assert await platforms.user("u", key=other) == "user_not_found"
    assert (await platforms.ask("GET", "/v1/user", key=other)).body == []
    assert (await platforms.ask("GET", "/v1/service?userId=u", key=other)).status == 404
    for method, body in (("PUT", {"name": "theirs"}), ("DELETE", None)):
        assert (await platforms.ask(method, "/v1/user/u", body, key=other)).status == 404
    await platforms.make_user(userId="u", name="theirs", key=other)
    assert ((await platforms.user("u"))["name"], (await platforms.user("u", key=other))["name"]) == ("ours", "theirs")


async def test_list_users_by_name_then_identifier_nameless_last_and_paged(platforms: Platforms) -> None:
    for user_id, name in (("4", None), ("3", "b"), ("2", "b"), ("1", "c"), ("5", "a")):
        await platforms.make_user(userId=user_id, **({"name": name} if name else {}))
    path, listed = "/v1/user?limit=2", list[str]()
    while path:
        answer = await platforms.ask("GET", path)
        listed.extend(row["id"] for row in answer.body)
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert listed == ["5", "2", "3", "1", "4"]


async def test_without_provisioning_a_user_is_made_before_it_acts(platforms: Platforms) -> None:
    assert (await platforms.ask("GET", "/v1/service?userId=new")).body["code"] == "user_not_found"


async def test_with_provisioning_a_user_is_made_by_acting() -> None:
    async with running(identity_auto_provision=True) as product:
        answers = await asyncio.gather(*(product.api("GET", "/v1/service?userId=new") for _ in range(5)))
        assert [answer.status for answer in answers] == [200] * 5
        assert [row["id"] for row in await product.ok("GET", "/v1/user")] == ["new"]


async def test_provisioning_makes_no_user_of_what_none_may_be_called() -> None:
    async with running(identity_auto_provision=True) as product:
        for user_id in ("", "%00", "a%0Ab", "a" * 257):
            assert (await product.api("GET", f"/v1/service?userId={user_id}")).status == 404
        assert await product.ok("GET", "/v1/user") == []


async def test_deleting_a_user_takes_it_out_of_its_groups(platforms: Platforms) -> None:
    for user_id in ("ann", "bob"):
        await platforms.make_user(userId=user_id)
    for group_id in (platforms.own("~one"), platforms.own("~two")):
        await platforms.make_group(by="ann", id=group_id)
        await platforms.ask("POST", f"/v1/group/{group_id}/user", {"userId": "bob"})
    assert await platforms.status("DELETE", "/v1/user/ann") == 200
    for group_id in (platforms.own("~one"), platforms.own("~two")):
        assert await platforms.members(group_id) == {"bob": "member"}
    await platforms.make_user(userId="ann")
    assert await platforms.status("GET", "/v1/group/~one", by="ann") == 404
