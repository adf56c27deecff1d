"""Publishing a service for every platform: what is checked, what is promised from then on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from libs.common.contracts.catalog import FIND_SERVICE, ServiceGrant, ServiceQuestion
from tests.catalog.world import World

_PUBLISH = "/service/github/publish?contributor_id=ann"


def calls(action: str, service: str = "github") -> dict[str, Any]:
    return {"execute": {"@type": "action", "service": service, "action": action, "input": {}}}


async def published(world: World, **action: Any) -> World:
    """`github`, public, with one version `1` and one action `list`."""
    await world.make_service()
    await world.make("action", "list", **action)
    await world.make("version", "1")
    await world.ok("POST", _PUBLISH, user=None)
    return world


async def failures(world: World) -> dict[str, str]:
    """Why `github` can't be published, by path; nothing of it is then."""
    problem = await world.refused(409, "POST", _PUBLISH, user=None)
    assert problem["code"] == "not_publishable"
    assert (await world.ok("GET", "/service/github"))["sharing"] == "none"
    assert not (await world.ok("GET", "/service/github/version/1"))["published"]
    return {detail["path"]: detail["message"] for detail in problem["details"]}


async def test_publish_service(world: World) -> None:
    await world.make_service()
    await world.make("action", "list")
    version = await world.make("version", "1")
    row = await world.ok("POST", _PUBLISH, user=None)
    assert (row["sharing"], row["defaultVersionId"], row["updatedBy"]) == ("public", version["id"], "ann")
    assert (await world.ok("GET", "/service/github/version/1"))["published"]
    kept = await world.services.get(row["id"])
    assert kept is not None
    assert kept.contributor_id == "ann"
    assert (await world.ok("POST", _PUBLISH, user=None))["sharing"] == "public"


async def test_publishing_needs_a_contributor_of_the_platform_who_may_change_the_service(world: World) -> None:
    await world.make_service()
    await world.make("version", "1")
    problem = await world.refused(400, "POST", "/service/github/publish", user=None)
    assert problem["details"][0]["path"] == "contributor_id"
    for contributor, status, code in (("nobody", 404, "user_not_found"), ("bob", 403, "not_permitted")):
        path = f"/service/github/publish?contributor_id={contributor}"
        assert (await world.refused(status, "POST", path, user=None))["code"] == code
    await world.refused(400, "POST", _PUBLISH, user="bob")
    await world.refused(404, "POST", "/service/github/publish?contributor_id=rita", user=None, key="rival-key")


async def test_publishing_needs_a_version(world: World) -> None:
    await world.make_service()
    assert (await world.refused(409, "POST", _PUBLISH, user=None))["code"] == "no_version"


async def test_names_of_public_services_are_unique(world: World) -> None:
    await published(world)
    await world.ok("POST", "/service", {"name": "github"}, user="rita", key="rival-key")
    await world.ok("POST", "/service/github/version", {"name": "1"}, user="rita", key="rival-key")
    path = "/service/github/publish?contributor_id=rita"
    problem = await world.refused(409, "POST", path, user=None, key="rival-key")
    assert problem["code"] == "name_taken"
    own = await world.ok("GET", "/service/github", user=None, key="rival-key")
    assert (own["platformId"], own["sharing"]) == ("rival", "none")
    version = await world.ok("GET", "/service/github/version/1", user=None, key="rival-key")
    assert not version["published"]


async def test_every_name_that_leads_nowhere_is_told(world: World) -> None:
    await world.make_service()
    await world.make("datatype", "Repo")
    schema = {"variables": [{"title": "repo", "x-dataType": "Repo"}]}
    await world.make("action", "a", logic=calls("nothing"), schema=schema)
    await world.make("action", "b", logic=calls("x", service="nowhere"))
    reference = {"@type": "reference", "operation": "platformServiceVariable", "variable": "missing"}
    await world.make("trigger", "t", logic={"trigger": {"v": reference}})
    await world.ok("DELETE", "/service/github/datatype/Repo")
    await world.make("version", "1")
    told = await failures(world)
    assert told == {
        "action.a.schema.variables.0.x-dataType": "this version has no datatype 'Repo'",
        "action.a.logic.execute": "this version has no published action 'nothing'",
        "action.b.logic.execute": "there is no service 'nowhere'",
        "trigger.t.logic.trigger.v.variable": "this version has no variable 'missing'",
    }
    assert (await world.refused(409, "PUT", "/service/github/version/1", {"published": True}))["details"]


async def test_what_other_platforms_could_not_run_is_refused_only_to_them(world: World) -> None:
    await world.make_service()
    await world.make_service("inner")
    await world.make("action", "do", service="inner")
    await world.make("action", "a", logic=calls("do", service="inner"))
    await world.make("version", "1")
    assert list(await failures(world)) == ["action.a.logic.execute"]
    assert (await world.ok("PUT", "/service/github/version/1", {"published": True}))["published"]
    assert (await world.refused(409, "POST", _PUBLISH, user=None))["code"] == "not_publishable"


async def test_a_draft_that_nothing_pins_hinders_nobody(world: World) -> None:
    await world.make_service()
    await world.make("action", "a", logic=calls("nothing"), published=False)
    await world.make("version", "1")
    assert (await world.ok("POST", _PUBLISH, user=None))["sharing"] == "public"


async def test_another_platform_reads_it_and_changes_nothing(world: World) -> None:
    await published(world)
    await world.make("action", "draft", published=False)
    await world.make("version", "2")
    theirs: dict[str, Any] = {"user": None, "key": "rival-key"}
    row = await world.ok("GET", "/service/github", **theirs)
    assert (row["platformId"], row["createdBy"], row["updatedBy"], row["groupIds"]) == ("acme", None, None, [])
    assert await world.made(**theirs) == ["github"]
    actions = await world.ok("GET", "/service/github/action", **theirs)
    assert [(each["name"], each["created_by"], each["updated_by"]) for each in actions] == [("list", None, None)]
    assert [each["name"] for each in await world.ok("GET", "/service/github/version", **theirs)] == ["1"]
    for path in ("action/draft", "action/draft/version", "version/2"):
        await world.refused(404, "GET", f"/service/github/{path}", **theirs)
    for method, path, body in (
        ("PUT", "/service/github", {"icon": "x"}),
        ("POST", "/service/github/action", {"name": "mine"}),
        ("PUT", "/service/github/action/list?version=minor", {"label": {"en": "x"}}),
        ("DELETE", "/service/github", None),
    ):
        problem = await world.refused(403, method, path, body, user="rita", key="rival-key")
        assert problem["code"] == "other_platform"
    grant: ServiceGrant = await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="rival", ref="github"))
    assert grant.owner_platform_id == "acme"


async def test_names_of_what_is_public_are_fixed(world: World) -> None:
    await published(world)
    for path, body in (
        ("/service/github", {"name": "other"}),
        ("/service/github/action/list?version=minor", {"name": "other"}),
    ):
        assert (await world.refused(409, "PUT", path, body))["code"] == "name_fixed"
    assert (await world.refused(409, "PUT", "/service/github/version/1", {"name": "x"}))["code"] == "version_frozen"
    await world.ok("PUT", "/service/github/version/1", {"name": "1"})


async def test_a_published_row_of_a_public_service_stays_as_it_is(world: World) -> None:
    await published(world, label={"en": "List"})
    row = await world.ok("GET", "/service/github/action/list")
    for body in ({"label": {"en": "x"}}, {"published": False}):
        for path in ("action/list?version=1.0.0", f"action/{row['id']}?version=1.0"):
            assert (await world.refused(409, "PUT", f"/service/github/{path}", body))["code"] == "row_published"
    merged = {"id": row["id"], "name": "list", "label": {"en": "x"}}
    assert (await world.refused(409, "POST", "/service/github/action", merged))["code"] == "row_published"
    await world.ok("POST", "/service/github/action", {"id": row["id"], "name": "list", "label": {"en": "List"}})
    again = await world.ok("GET", "/service/github/action/list")
    assert {**again, "updated_at": 0} == {**row, "updated_at": 0}


async def test_a_public_service_goes_on_by_new_versions(world: World) -> None:
    await published(world)
    minor = await world.ok("PUT", "/service/github/action/list?version=minor", {"label": {"en": "x"}})
    assert (minor["version"], minor["published"]) == ("1.1.0", True)
    draft = await world.ok("PUT", "/service/github/action/list?version=major", {"published": False})
    assert draft["version"] == "2.0.0"
    await world.ok("PUT", "/service/github/action/list?version=2.0.0", {"label": {"en": "y"}, "published": True})
    await world.refused(409, "PUT", "/service/github/action/list?version=2.0.0", {"label": {"en": "z"}})
    found = await world.component("list")
    assert found is not None
    assert found.version == "1.0.0"  # what version 1 pinned


async def test_the_default_version_of_a_public_service_is_a_published_one(world: World) -> None:
    await published(world)
    await world.make("version", "2")
    problem = await world.refused(409, "PUT", "/service/github", {"defaultVersionId": "2"})
    assert problem["code"] == "version_not_published"
    await world.refused(400, "PUT", "/service/github", {"defaultVersionId": None})
    await world.ok("PUT", "/service/github/version/2", {"published": True})
    await world.ok("PUT", "/service/github", {"defaultVersionId": "2"})


async def test_a_service_may_be_withdrawn_from_the_public(world: World) -> None:
    await published(world)
    await world.ok("PUT", "/service/github", {"sharing": "none", "name": "mine"})
    await world.refused(404, "GET", "/service/github", user=None, key="rival-key")
    assert (await world.refused(409, "PUT", "/service/mine", {"sharing": "public"}))["code"] == "publish_required"


async def test_a_change_that_races_a_publish_came_before_it_or_is_refused(world: World) -> None:
    for number in range(8):
        name = f"s{number}"
        await world.make_service(name)
        await world.make("action", "list", service=name, label={"en": "before"})
        await world.make("version", "1", service=name)
        changed, opened = await asyncio.gather(
            world.api("PUT", f"/service/{name}/action/list?version=1.0.0", {"label": {"en": "after"}}),
            world.api("POST", f"/service/{name}/publish?contributor_id=ann", user=None),
        )
        assert opened.status == 200, opened.raw
        assert changed.status in (200, 409), changed.raw
        now = await world.ok("GET", f"/service/{name}/action/list")
        pinned = await world.component("list", service_name=name)
        assert pinned is not None
        assert now["label"] == {"en": "after" if changed.status == 200 else "before"}
        assert pinned.content["label"] in ({"en": "before"}, now["label"])
        await world.refused(409, "PUT", f"/service/{name}/action/list?version=1.0.0", {"label": {"en": "later"}})


async def test_a_change_that_read_the_service_before_it_became_public_is_undone(world: World) -> None:
    await world.make_service()
    await world.make("action", "list", label={"en": "before"})
    await world.make("version", "1")
    gate = world.stop_at_the_next_content()
    change = asyncio.create_task(
        world.api("PUT", "/service/github/action/list?version=1.0.0", {"label": {"en": "after"}})
    )
    await gate.reached()
    await world.ok("POST", _PUBLISH, user=None)
    gate.open()
    assert (await change).json["code"] == "row_published"
    assert (await world.ok("GET", "/service/github/action/list"))["label"] == {"en": "before"}


@pytest.mark.parametrize("kind", ["action", "trigger", "condition", "datatype", "variable", "event"])
async def test_a_row_that_a_published_version_pins_can_not_go(world: World, kind: str) -> None:
    await world.make_service()
    row = await world.make(kind, "x", published=True)
    await world.make("version", "1", published=True)
    for ref in ("x", row["id"]):
        problem = await world.refused(409, "DELETE", f"/service/github/{kind}/{ref}")
        assert problem["code"] == "pinned"
