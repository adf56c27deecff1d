"""What a nested call reaches: what its names were bound to, and once that is gone what its owner put there."""

from typing import Any

import pytest

from libs.common.contracts.catalog import BoundName, Kind
from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.world import World


def call(service: str, action: str) -> dict[str, Any]:
    return {"@type": "action", "service": service, "action": action}


def bind(world: World, service: str, name: str, service_id: str, identity: str | None, owner: str = "acme") -> None:
    """Binds this name in the component that was added last."""
    meant = BoundName(
        kind=Kind.ACTION, service=service, name=name, service_id=service_id, owner_platform_id=owner, identity=identity
    )
    world.components[-1] = world.components[-1].model_copy(update={"bound": (meant,)})


def add_caller(world: World) -> None:
    world.add_action(world.add_service("crm"), "caller", call("mail", "send"))


async def refused(execute: Execute) -> LogicError:
    with pytest.raises(LogicError) as failed:
        await execute("crm", "caller")
    return failed.value


async def test_a_renamed_service_and_a_renamed_action_are_found(execute: Execute, world: World) -> None:
    post, mail = world.add_service("post"), world.add_service("mail")
    world.add_action(post, "send it", "as meant")
    identity = world.components[-1].identity
    world.add_action(mail, "send", "another")
    add_caller(world)
    bind(world, "mail", "send", post, identity)
    assert await execute("crm", "caller") == "as meant"


async def test_a_new_action_under_the_name_is_not_taken_for_the_one_that_is_there(
    execute: Execute, world: World
) -> None:
    mail = world.add_service("mail")
    world.add_action(mail, "send it", "as meant")
    identity = world.components[-1].identity
    world.add_action(mail, "send", "another")
    add_caller(world)
    bind(world, "mail", "send", mail, identity)
    assert await execute("crm", "caller") == "as meant"


async def test_an_own_service_does_not_take_the_place_of_a_public_one(execute: Execute, world: World) -> None:
    theirs = world.add_service("mail", platform="globex", public=True)
    world.add_action(theirs, "send", "theirs")
    identity = world.components[-1].identity
    ours = world.add_service("mail")
    world.add_action(ours, "send", "ours")
    add_caller(world)
    bind(world, "mail", "send", theirs, identity, owner="globex")
    assert await execute("crm", "caller") == "theirs"


async def test_what_the_owner_made_anew_takes_the_place_of_what_is_gone(execute: Execute, world: World) -> None:
    mail = world.add_service("mail")
    world.add_action(mail, "send", "anew")
    add_caller(world)
    bind(world, "mail", "send", "service-gone", "identity-gone")
    assert await execute("crm", "caller") == "anew"


async def test_nobody_else_takes_the_place_of_what_is_gone(execute: Execute, world: World) -> None:
    theirs = world.add_service("mail", platform="globex", public=True)
    world.add_action(theirs, "send", "stolen")
    add_caller(world)
    bind(world, "mail", "send", "service-gone", "identity-gone", owner="initech")
    error = await refused(execute)
    assert (error.code, "'mail'" in error.message) == ("not_found", True)


async def test_within_its_own_service_a_call_stays_there_whatever_it_is_called_now(
    execute: Execute, world: World
) -> None:
    crm = world.add_service("crm")
    world.add_action(crm, "inner", "own")
    identity = world.components[-1].identity
    world.add_action(crm, "caller", call("its former name", "inner"))
    bind(world, "its former name", "inner", crm, identity)
    assert await execute("crm", "caller") == "own"


async def test_what_is_bound_and_not_shared_is_as_what_is_not_there(execute: Execute, world: World) -> None:
    mail = world.add_service("mail", groups=("others",))
    world.add_action(mail, "send", "secret")
    identity = world.components[-1].identity
    add_caller(world)
    bind(world, "mail", "send", mail, identity)
    hidden = await refused(execute)
    assert hidden.code == "not_found"
    assert mail not in hidden.message
