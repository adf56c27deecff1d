import pytest

from libs.common.contracts.catalog import Kind
from libs.common.engines import Engines
from libs.common.errors import Conflict, NotFound, Unavailable, Unprocessable
from libs.runtime.host import Runtime
from tests.runtime.world import World, say, service_changed


async def test_a_name_means_the_own_service_first_then_a_public_one(runtime: Runtime, world: World) -> None:
    public = world.add_service("mail", platform="globex", public=True)
    assert (await runtime.components.usable_service("acme", "mail", None)).id == public
    own = world.add_service("crm")
    world.add_service("crm", platform="globex", public=True)
    assert (await runtime.components.usable_service("acme", "crm", None)).id == own


async def test_an_unknown_or_foreign_service_is_not_found(runtime: Runtime, world: World) -> None:
    foreign = world.add_service("private", platform="globex")
    for ref in ("nothing", foreign, "private"):
        with pytest.raises(NotFound):
            await runtime.components.usable_service("acme", ref, None)


async def test_a_disabled_service_is_a_conflict(runtime: Runtime, world: World) -> None:
    world.add_service("crm", enabled=False)
    with pytest.raises(Conflict) as refused:
        await runtime.components.usable_service("acme", "crm", None)
    assert refused.value.code == "service_disabled"


async def test_what_was_looked_up_once_is_not_asked_again(runtime: Runtime, world: World) -> None:
    service = world.add_service("crm")
    row = world.add_action(service, "ping", "pong")
    first = await runtime.components.component(service, Kind.ACTION, "ping")
    again = await runtime.components.component(service, Kind.ACTION, "ping")
    assert first is again
    assert world.asked["find-component"] == 1
    by_row = await runtime.components.component(service, Kind.ACTION, row)
    assert first is not None
    assert by_row is not None
    assert by_row.content is first.content


async def test_an_event_of_the_service_drops_what_is_held_of_it(
    runtime: Runtime, world: World, engines: Engines
) -> None:
    service = world.add_service("crm")
    other = world.add_service("mail")
    assert await runtime.components.component(service, Kind.ACTION, "ping") is None
    assert await runtime.components.components(other, Kind.ACTION) == ()
    world.add_action(service, "ping", "pong")
    assert await runtime.components.component(service, Kind.ACTION, "ping") is None
    await say(engines.bus, service_changed(service, "crm"))
    assert await runtime.components.component(service, Kind.ACTION, "ping") is not None
    await runtime.components.components(other, Kind.ACTION)
    assert world.asked["list-components"] == 1


async def test_a_service_that_was_missed_is_found_once_its_name_is_said(
    runtime: Runtime, world: World, engines: Engines
) -> None:
    assert await runtime.components.service("acme", "mail") is None
    service = world.add_service("mail", platform="globex", public=True)
    assert await runtime.components.service("acme", "mail") is None
    await say(engines.bus, service_changed(service, "mail", platform="globex"))
    assert await runtime.components.service("acme", "mail") is not None


async def test_a_draft_is_found_by_its_row_id_alone_and_where_drafts_are_asked_for(
    runtime: Runtime, world: World
) -> None:
    service = world.add_service("crm")
    row = world.add_action(service, "ping", "pong", published=False)
    assert await runtime.components.component(service, Kind.ACTION, row) is None
    assert await runtime.components.component(service, Kind.ACTION, "ping", drafts=True) is None
    assert await runtime.components.component(service, Kind.ACTION, row, drafts=True) is not None


async def test_the_list_holds_every_component_of_the_kind(runtime: Runtime, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "ping", "pong")
    world.add_action(service, "sing", "song", published=False)
    names = [component.grant.name for component in await runtime.components.components(service, Kind.ACTION)]
    assert names == ["ping", "sing"]
    assert await runtime.components.components(service, Kind.TRIGGER) == ()


async def test_what_can_not_be_compiled_says_so(runtime: Runtime, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "odd", {"@type": "no such node"})
    world.add_action(service, "shapeless", "x", schema={"variables": [{"title": "a", "type": "strnig"}]})
    for name in ("odd", "shapeless"):
        with pytest.raises(Unprocessable, match=name):
            await runtime.components.component(service, Kind.ACTION, name)


async def test_a_miss_while_the_owner_is_down_is_unavailable(runtime: Runtime, world: World) -> None:
    world.add_service("crm")
    world.add_service("mail")
    await runtime.components.usable_service("acme", "crm", None)
    world.down.add("find-service")
    assert (await runtime.components.usable_service("acme", "crm", None)).name == "crm"
    with pytest.raises(Unavailable):
        await runtime.components.usable_service("acme", "mail", None)
