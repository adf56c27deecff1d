"""Who sees a service and who may change it: `sharing`, `groupIds`, the creator, and admins of its groups."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import FIND_SERVICE, ServiceGrant, ServiceQuestion
from services.catalog.changes import said
from tests.catalog.world import World

_INSIDE = ("action", "event", "trigger", "condition", "datatype", "variable", "security", "version")


async def test_a_service_shared_with_nobody_else_is_seen_by_all_users_of_its_platform(world: World) -> None:
    await world.make_service()
    for user in ("ann", "bob", None):
        assert await world.made(user=user) == ["github"]
    assert await world.made(user=None, key="rival-key") == []
    await world.refused(404, "GET", "/service/github", user=None, key="rival-key")


@pytest.fixture
async def shared(world: World) -> World:
    """`github`, made by max of acme and shared with the group `sales`, whose admin max is and bob a member."""
    await world.ok("POST", "/service", {"name": "github", "sharing": "group", "groupIds": ["sales"]}, user="max")
    for kind in _INSIDE:
        body = {"label": {"en": "x"}, "type": "apiKey"} if kind == "security" else {"name": "x"}
        await world.ok("POST", f"/service/github/{kind}", body, user="max")
    return world


async def test_a_service_shared_with_groups_is_seen_by_their_users_alone(shared: World) -> None:
    for user in ("max", "bob", None):
        assert await shared.made(user=user) == ["github"]
        assert (await shared.ok("GET", "/service/github", user=user))["groupIds"] == ["sales"]
    assert await shared.made(user="ann") == []


@pytest.mark.parametrize("kind", _INSIDE)
async def test_what_is_inside_is_as_hidden_as_the_service(shared: World, kind: str) -> None:
    hidden = await shared.refused(404, "GET", f"/service/github/{kind}/x", user="ann")
    unknown = await shared.refused(404, "GET", f"/service/nothing/{kind}/x", user="ann")
    assert {**hidden, "requestId": ""} == {**unknown, "requestId": ""}
    for method, path, body in (
        ("GET", kind, None),
        ("POST", kind, {"type": "apiKey"} if kind == "security" else {"name": "y"}),
        ("PUT", f"{kind}/x?version=minor" if kind in ("action", "variable", "datatype") else f"{kind}/x", {}),
        ("DELETE", f"{kind}/x", None),
    ):
        assert (await shared.refused(404, method, f"/service/github/{path}", body, user="ann")) is not None
    assert (await shared.api("GET", f"/service/github/{kind}/x", user="bob")).status == 200


async def test_members_may_read_and_admins_of_its_groups_change(shared: World) -> None:
    assert (await shared.refused(403, "PUT", "/service/github", {"icon": "x"}, user="bob"))["code"] == "not_permitted"
    await shared.refused(403, "POST", "/service/github/action", {"name": "y"}, user="bob")
    await shared.refused(403, "POST", "/service/github/publish?contributor_id=bob", user=None)
    assert (await shared.ok("PUT", "/service/github", {"icon": "x"}, user="max"))["icon"] == "x"


async def kept_as(world: World, **changes: Any) -> None:
    """The service as it would be after those who are its users have changed."""
    service = await world.services.visible("acme", "github")
    assert service is not None
    changed = service.model_copy(update=changes)
    event = said(changed, "service", changed.id, revision=changed.revision + 1, at=world.clock.now())
    await world.services.save(changed, [event])


async def test_an_admin_of_one_of_its_groups_may_change_what_another_made(world: World) -> None:
    await world.ok("POST", "/service", {"name": "github", "groupIds": ["sales"]}, user="bob")
    await world.refused(403, "PUT", "/service/github", {"icon": "x"}, user="ann")
    assert (await world.ok("PUT", "/service/github", {"icon": "x"}, user="max"))["createdBy"] == "bob"


async def test_the_creator_sees_it_without_being_in_its_groups(world: World) -> None:
    await world.make_service()
    await kept_as(world, group_ids=("sales",), sharing="group")
    assert (await world.ok("GET", "/service/github"))["sharing"] == "group"
    assert await world.made() == ["github"]


@pytest.mark.parametrize(("group", "user"), [("nothing", "max"), ("theirs", "max"), ("support", "bob")])
async def test_a_group_that_is_not_the_users_is_refused_as_one_that_is_not_there(
    world: World, group: str, user: str
) -> None:
    body = {"name": "github", "groupIds": ["sales", group]}
    problem = await world.refused(400, "POST", "/service", body, user=user)
    told = [{"path": "groupIds.1", "message": "there is no such group; make it first with POST /v1/group"}]
    assert problem["details"] == told


async def test_groups_that_it_has_already_need_not_be_the_users(shared: World) -> None:
    await kept_as(shared, created_by="ann")
    body = {"groupIds": ["sales"], "icon": "x"}
    assert (await shared.ok("PUT", "/service/github", body, user="ann"))["groupIds"] == ["sales"]


async def test_sharing_with_groups_needs_one(world: World) -> None:
    await world.make_service()
    problem = await world.refused(400, "PUT", "/service/github", {"sharing": "group"})
    assert [detail["path"] for detail in problem["details"]] == ["groupIds"]


async def test_an_upsert_by_the_id_of_a_hidden_service_says_no_more_than_that_the_id_is_taken(shared: World) -> None:
    id = (await shared.ok("GET", "/service/github", user="max"))["id"]
    assert (await shared.refused(409, "POST", "/service", {"id": id, "name": "y"}, user="ann"))["code"] == "id_taken"
    assert (await shared.refused(403, "POST", "/service", {"id": id, "name": "y"}, user="bob"))["code"] == (
        "not_permitted"
    )


async def test_other_services_are_told_with_whom_it_is_shared(shared: World) -> None:
    grant: ServiceGrant = await shared.ask(FIND_SERVICE, ServiceQuestion(platform_id="acme", ref="github"))
    assert (grant.sharing, grant.group_ids, grant.created_by) == ("group", ("sales",), "max")
    assert await shared.ask(FIND_SERVICE, ServiceQuestion(platform_id="rival", ref="github")) is None


async def test_lists_hold_what_is_visible_in_one_order_through_all_pages(world: World) -> None:
    for number in range(9):
        body = {"name": f"s{number}", "displayOrder": number % 3 if number % 4 else None}
        if number % 2:
            body |= {"sharing": "group", "groupIds": ["sales"]}
        await world.ok("POST", "/service", body, user="max")
    for user in ("max", "ann"):
        whole = await world.made(user=user)
        assert len(whole) == (9 if user == "max" else 5)
        paged, path = [], "/service?limit=2"
        while path:
            answer = await world.api("GET", path, user=None if "userId" in path else user)
            paged += [each["name"] for each in answer.json]
            path = answer.headers.get("Link", "").partition(">")[0].removeprefix("</v1")
        assert [name for name in paged if name != "core"] == whole
        assert paged.count("core") == 1
