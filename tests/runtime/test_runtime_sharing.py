"""Who may use a service that is shared with groups, and whose drafts run, through another component too."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from libs.common.errors import NotFound
from libs.logic.errors import LogicError
from libs.runtime.bindings import Actor
from libs.runtime.host import Runtime
from tests.runtime.conftest import Execute
from tests.runtime.world import World


def call(service: str, action: str) -> dict[str, Any]:
    return {"@type": "action", "service": service, "action": action}


def joins(world: World, platform: str, user: str, group: str) -> None:
    known = world.users[platform, user]
    world.users[platform, user] = known.model_copy(update={"groups": frozenset({group})})


async def test_a_service_for_a_group_is_used_by_its_users_alone(execute: Execute, world: World) -> None:
    world.add_action(world.add_service("crm", groups=("sales",)), "ping", "pong")
    joins(world, "acme", "ann", "sales")
    assert await execute("crm", "ping", user="ann") == "pong"
    with pytest.raises(NotFound) as refused:
        await execute("crm", "ping", user="bob")
    with pytest.raises(NotFound) as missing:
        await execute("src", "ping", user="bob")
    assert refused.value.message == missing.value.message.replace("src", "crm")


async def test_the_platform_itself_may_use_it(execute: Execute, world: World) -> None:
    world.add_action(world.add_service("crm", groups=("sales",)), "ping", "pong")
    assert await execute("crm", "ping", user=None) == "pong"


async def test_an_action_for_all_is_no_way_to_one_for_a_group(execute: Execute, world: World) -> None:
    world.add_action(world.add_service("crm", groups=("sales",)), "ping", "pong")
    world.add_action(world.add_service("open"), "ask", call("crm", "ping"))
    joins(world, "acme", "ann", "sales")
    assert await execute("open", "ask", user="ann") == "pong"
    with pytest.raises(LogicError, match="no service 'crm'"):
        await execute("open", "ask", user="bob")


@pytest.mark.parametrize("user", ["eve", None])
async def test_another_platform_is_in_no_group_though_its_user_is_named_as_the_creator(
    execute: Execute, world: World, user: str | None
) -> None:
    world.add_action(world.add_service("crm", groups=("sales",)), "ping", "pong")
    world.add_action(world.add_service("open", public=True), "ask", call("crm", "ping"))
    with pytest.raises(LogicError, match="no service 'crm'"):
        await execute("open", "ask", platform="globex", user=user)


async def test_what_a_component_asks_of_its_own_service_goes_on_when_the_user_has_left(
    runtime: Runtime, world: World
) -> None:
    """As `delete` hooks do, which clean up behind those who may no longer use it."""
    service = world.add_service("crm", groups=("sales",))
    world.add_action(service, "ping", "pong")
    world.add_action(service, "ask", call("crm", "ping"))
    component = await runtime.components.component(service, Kind.ACTION, "ask")
    grant = await runtime.components.service("acme", "crm")
    assert component is not None
    assert grant is not None
    host = runtime.host(Actor("acme", world.users["acme", "bob"]), grant)
    program = component.hook("execute")
    assert program is not None
    assert await program.evaluate(await host.scope(program, {})) == "pong"


async def test_a_draft_runs_by_its_row_id_for_components_of_its_own_platform(execute: Execute, world: World) -> None:
    shop = world.add_service("shop", public=True)
    draft = world.add_action(shop, "next", "soon", published=False)
    for platform in ("acme", "globex"):
        world.add_action(world.add_service("mine", platform=platform), "ask", call("shop", draft))
    assert await execute("mine", "ask") == "soon"
    with pytest.raises(LogicError, match="no action"):
        await execute("mine", "ask", platform="globex", user="eve")


async def test_an_id_is_not_taken_for_a_name(runtime: Runtime, world: World) -> None:
    theirs = world.add_service("theirs")
    world.add_service(theirs, platform="globex")
    assert await runtime.components.service("globex", theirs) is not None
    assert await runtime.components.service_by_id("globex", theirs) is None
    assert await runtime.components.service_by_id("acme", theirs) is not None
