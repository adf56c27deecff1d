"""The built-in service `core`: every function listed like any component, the same for all, and nobody's to change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
import pytest_asyncio

from libs.common.contracts.catalog import (
    BUILT_IN_PLATFORM,
    FIND_COMPONENT,
    FIND_SERVICE,
    FIND_VERSION,
    LIST_COMPONENTS,
    ComponentQuestion,
    ComponentsQuestion,
    Kind,
    ServiceQuestion,
    VersionQuestion,
)
from libs.logic.core import LIBRARY
from libs.logic.core.registry import Library, Text
from libs.runtime.components import compile_content
from services.catalog.builtin.core import SERVICE, BuiltIn
from services.catalog.components.checks import ComponentCheck
from services.catalog.components.kinds import RULES
from services.catalog.components.repository import HeadRepository
from services.catalog.logic_check import LogicCheck
from tests.catalog.world import AnyScript, World, running_world

pytestmark = pytest.mark.asyncio(loop_scope="module")
ACTION, CONDITION = "string.lower", "string.contains"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    """Shared by all tests here: nothing of the built-in service can be changed."""
    async with running_world() as running:
        await running.make_service("own")
        yield running


async def listed(world: World, path: str, **options: Any) -> list[Any]:
    """All rows of a list, page by page."""
    rows: list[Any] = []
    following = path
    while following:
        answer = await world.api("GET", following, user=None, **options)
        assert answer.status == 200, answer.raw
        rows += answer.json
        following = answer.headers.get("Link", "").partition(">")[0].removeprefix("</v1")
    return rows


async def test_it_is_a_public_service_with_a_version(world: World) -> None:
    service = await world.ok("GET", "/service/core")
    assert (service["id"], service["name"], service["platformId"]) == ("core", "core", BUILT_IN_PLATFORM)
    assert (service["sharing"], service["enabled"], service["createdBy"]) == ("public", True, None)
    (version,) = await world.ok("GET", "/service/core/version")
    assert (version["id"], version["name"], version["published"]) == (service["defaultVersionId"], "1", True)
    assert await world.ok("GET", "/service/core/version/1") == version
    held = await listed(world, "/service/core/version/1/component?limit=7")
    assert [(each["kind"], each["name"]) for each in held] == sorted((f.kind, name) for name, f in LIBRARY.items())
    for kind in ("variable", "event", "trigger", "datatype", "security"):
        assert await world.ok("GET", f"/service/core/{kind}") == []


@pytest.mark.parametrize("limit", [20, 500])
@pytest.mark.parametrize("kind", ["action", "condition"])
async def test_every_function_is_listed_by_name_with_schema_label_and_description(
    world: World, kind: str, limit: int
) -> None:
    rows = await listed(world, f"/service/core/{kind}?limit={limit}")
    functions = {name: function for name, function in LIBRARY.items() if function.kind == kind}
    assert [row["name"] for row in rows] == sorted(functions)
    for row in rows:
        function = functions[row["name"]]
        assert row["label"] == {"en": function.label}
        assert row["schema"] == {"description": function.description, **function.schema()}
        assert function.label
        assert function.description
        assert (row["published"], row["version"]) == (True, "1.0.0")


@pytest.mark.parametrize(("kind", "name", "identity"), [("action", ACTION, "component_id"),
                                                        ("condition", CONDITION, "conditionId")])  # fmt: skip
async def test_a_function_is_read_by_name_and_row_id_and_in_its_only_version(
    world: World, kind: str, name: str, identity: str
) -> None:
    path = f"/service/core/{kind}"
    row = await world.ok("GET", f"{path}/{name}")
    assert (row["name"], row[identity]) == (name, name)
    assert row["id"] != name
    assert await world.ok("GET", f"{path}/{row['id']}") == row
    assert await world.ok("GET", f"{path}/{name}?version=1") == row
    assert await world.ok("GET", f"{path}/{name}/version") == [row]
    assert row["logic"]["execute"] == {
        "@type": kind,
        "service": "core",
        kind: name,
        "input": {"@type": "reference", "operation": "source"},
    }
    await world.refused(404, "GET", f"{path}/{name}?version=2")
    await world.refused(404, "GET", f"{path}/nothing")
    other = "condition" if kind == "action" else "action"
    await world.refused(404, "GET", f"/service/core/{other}/{name}")


async def test_other_services_find_it_like_any_other(world: World) -> None:
    grant = await world.ask(FIND_SERVICE, ServiceQuestion(platform_id="rival", ref="core"))
    assert (grant.id, grant.owner_platform_id, grant.sharing) == ("core", BUILT_IN_PLATFORM, "public")
    row = await world.ok("GET", f"/service/core/action/{ACTION}")
    for ref in (ACTION, row["id"]):
        for version in (None, "1", grant.default_version_id):
            question = ComponentQuestion(service_id="core", kind=Kind.ACTION, ref=ref, service_version=version)
            assert (await world.ask(FIND_COMPONENT, question)).row_id == row["id"]
    missing = ComponentQuestion(service_id="core", kind=Kind.ACTION, ref=ACTION, service_version="2")
    assert await world.ask(FIND_COMPONENT, missing) is None
    conditions = await world.ask(LIST_COMPONENTS, ComponentsQuestion(service_id="core", kind=Kind.CONDITION))
    assert [each.name for each in conditions.components] == sorted(LIBRARY.of_kind("condition"))
    assert (await world.ask(FIND_VERSION, VersionQuestion(service_id="core"))).name == "1"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"icon": "x"}),
        ("PUT", "", {"name": "mine"}),
        ("PUT", "", {"enabled": False}),
        ("DELETE", "", None),
        ("DELETE", "?force=true", None),
        ("POST", "/publish?contributor_id=ann", None),
        ("POST", "/version", {"name": "2"}),
        ("PUT", "/version/1", {"label": {}}),
        ("DELETE", "/version/1", None),
        ("POST", "/security", {"type": "apiKey"}),
        *(("POST", f"/{kind}", {"name": "mine"}) for kind in Kind),
        ("PUT", f"/action/{ACTION}?version=minor", {"label": {}}),
        ("PUT", f"/condition/{CONDITION}", {"label": {}}),
        ("DELETE", f"/action/{ACTION}", None),
        ("DELETE", f"/condition/{CONDITION}", None),
    ],
)
async def test_nobody_changes_it(world: World, method: str, path: str, body: object) -> None:
    problem = await world.refused(403, method, f"/service/core{path}", body)
    assert (problem["code"], problem["error"]) == (
        "built_in",
        "The service 'core' is built in; it can be used, not changed.",
    )


async def test_nobody_else_is_called_so(world: World) -> None:
    for acting in ({"user": "ann"}, {"user": "rita", "key": "rival-key"}):
        taken = await world.refused(409, "POST", "/service", {"name": "core"}, **acting)
        assert taken["code"] == "name_taken"
        assert "built-in" in taken["error"]
        by_id = await world.refused(409, "POST", "/service", {"id": "core", "name": "other"}, **acting)
        assert by_id["code"] == "id_taken"
    assert (await world.refused(409, "PUT", "/service/own", {"name": "core"}))["code"] == "name_taken"
    row = await world.ok("GET", f"/service/core/action/{ACTION}")
    action = {"id": row["id"], "name": "mine"}
    assert (await world.refused(409, "POST", "/service/own/action", action))["code"] == "id_taken"


async def test_a_service_that_had_the_name_before_is_reached_by_its_id(world: World) -> None:
    id = await world.make_service("older")
    known = await world.services.get(id)
    assert known is not None
    await world.services.save(known.model_copy(update={"name": "core"}), [])
    assert (await world.ok("GET", "/service/core"))["platformId"] == BUILT_IN_PLATFORM
    assert (await world.ok("PUT", f"/service/{id}", {"icon": "x"}))["name"] == "core"
    await world.ok("POST", f"/service/{id}/version", {"name": "1"})
    taken = await world.refused(409, "POST", f"/service/{id}/publish?contributor_id=ann", user=None)
    assert taken["code"] == "name_taken"
    assert (await world.ok("PUT", f"/service/{id}", {"name": "older"}))["name"] == "older"


async def test_two_platforms_and_two_installations_see_the_same(world: World) -> None:
    async with running_world() as other:
        for path in ("", "/version", "/action", "/condition", "/version/1/component"):
            seen = (await world.api("GET", f"/service/core{path}")).raw
            assert (await world.api("GET", f"/service/core{path}", key="rival-key", user="rita")).raw == seen
            assert (await other.api("GET", f"/service/core{path}")).raw == seen


async def test_each_service_is_listed_once_however_it_is_paged(world: World) -> None:
    for number, name in enumerate(("a", "core2", "corf", "z")):
        await world.make_service(name, displayOrder=None if number % 2 else number)
    whole = [each["name"] for each in await listed(world, "/service")]
    assert whole.count("core") == 1
    for limit in range(1, len(whole) + 1):
        paged = [each["name"] for each in await listed(world, f"/service?limit={limit}")]
        assert paged == whole


async def test_what_it_holds_would_be_taken_from_anybody_and_runs() -> None:
    async with running_world() as world:
        check = ComponentCheck(LogicCheck(AnyScript()), HeadRepository(world.infra.store))
        built_in = BuiltIn(LIBRARY)
        for head in built_in.heads(None):
            members = built_in.found(head).members
            assert await check.failures(SERVICE, RULES[head.kind], members) == [], head.name
            assert compile_content(head.name, members).hooks["execute"].calls == (), head.name


async def test_publishing_does_not_look_for_what_is_built_in(world: World) -> None:
    source = {"@type": "reference", "operation": "source", "path": ["note"]}
    lower = {"@type": "action", "service": "core", "action": ACTION, "input": {"string": source}}
    found = {"@type": "condition", "service": "core", "condition": CONDITION, "input": {"string": lower, "part": "a"}}
    await world.make("action", "a", "own", logic={"execute": lower})
    await world.make("condition", "c", "own", logic={"execute": found})
    await world.make("version", "1", "own")
    await world.ok("POST", "/service/own/publish?contributor_id=ann", user=None)


async def test_with_another_release_functions_come_and_ids_stay(world: World) -> None:
    added = Library()

    @added.action("text.added", "Added", output={"type": "string"})
    def _added(string: Annotated[Text, "Any text."]) -> str:
        """Came with a release."""
        return string

    before = await listed(world, "/service/core/action")
    async with running_world(library=Library(LIBRARY, added)) as newer:
        after = await listed(newer, "/service/core/action")
    assert [row for row in after if row["name"] != "text.added"] == before
    assert [row["name"] for row in after if row not in before] == ["text.added"]


async def test_a_revision_is_that_of_the_content() -> None:
    def described(text: str) -> BuiltIn:
        library = Library()

        def run(string: Annotated[Text, "Any text."]) -> str:
            return string

        run.__doc__ = text
        library.action("text.same", "Same", output={"type": "string"})(run)
        return BuiltIn(library)

    revisions = {described(text).heads(None)[0].latest.content_revision for text in ("One.", "Another.", "One.")}
    assert len(revisions) == 2
