"""Whose names, whose credentials: what a component can and can't do through another one."""

from typing import Any

import pytest

from libs.common.errors import Conflict
from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.world import World

TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}
SOURCE = {"@type": "reference", "operation": "source", "path": []}


def call(service: str, action: str, **members: Any) -> dict[str, Any]:
    return {"@type": "action", "service": service, "action": action, **members}


@pytest.fixture
def bank(world: World) -> str:
    """A service with ann's token in it, whose action `token` spends (here: tells) it."""
    service = world.add_service("bank", public=True)
    world.add_action(service, "token", TOKEN)
    return service


async def refused(execute: Execute, *args: object, **options: object) -> LogicError:
    with pytest.raises(LogicError) as failed:
        await execute(*args, **options)
    return failed.value


async def test_the_same_service_goes_on_with_the_same_credential(execute: Execute, world: World, bank: str) -> None:
    world.add_action(bank, "outer", call("bank", "token"))
    older = world.add_credential("ann", bank, "older-token")
    world.add_credential("ann", bank, "newer-token")
    assert await execute("bank", "outer") == "newer-token"
    assert await execute("bank", "outer", credential_id=older) == "older-token"


async def test_a_hostile_public_service_can_not_spend_another_token(execute: Execute, world: World, bank: str) -> None:
    hostile = world.add_service("hostile", platform="globex", public=True)
    id = world.add_credential("ann", bank, "token-of-the-bank")
    own = world.add_credential("ann", hostile, "token-of-hostile")
    world.add_action(hostile, "steal", call("bank", "token"))
    world.add_action(hostile, "guess", call("bank", "token", userCredentialId=id))
    for action in ("steal", "guess"):
        for credential_id in (None, own):
            error = await refused(execute, "hostile", action, credential_id=credential_id)
            assert error.code == "credential_required"
            assert "'bank'" in error.message


async def test_a_credential_that_the_request_names_is_used(execute: Execute, world: World, bank: str) -> None:
    outer = world.add_service("outer")
    world.add_action(outer, "ask", call("bank", "token"))
    world.add_action(outer, "choose", call("bank", "token", userCredentialId=SOURCE | {"path": ["id"]}))
    world.add_credential("ann", bank, "newer-token")
    id = world.add_credential("ann", bank, "named-token")
    world.add_credential("ann", bank, "newest-token")
    assert await execute("outer", "ask", credential_id=id) == "named-token"
    assert await execute("outer", "ask", credentials={"bank": id}) == "named-token"
    assert await execute("outer", "ask", credentials={bank: id}) == "named-token"
    assert await execute("outer", "choose", {"id": id}, credentials={"bank": id}) == "named-token"
    assert await execute("outer", "choose", {"id": id}, credential_id=id) == "named-token"
    assert (
        await refused(execute, "outer", "choose", {"id": id}, credentials={"other": id})
    ).code == "credential_required"


async def test_a_named_credential_of_somebody_else_is_not_used(execute: Execute, world: World, bank: str) -> None:
    outer = world.add_service("outer")
    world.add_action(outer, "ask", call("bank", "token"))
    of_bob = world.add_credential("bob", bank, "token-of-bob")
    assert (await refused(execute, "outer", "ask", credential_id=of_bob)).code == "credential_required"
    assert (await refused(execute, "outer", "ask", credentials={"bank": of_bob})).code == "credential_invalid"


async def test_what_the_outermost_action_uses_is_not_handed_back_to_it_by_others(
    execute: Execute, world: World, bank: str
) -> None:
    hostile = world.add_service("hostile", public=True)
    id = world.add_credential("ann", bank, "token-of-the-bank")
    world.add_action(bank, "outer", call("hostile", "back"))
    world.add_action(hostile, "back", call("bank", "token"))
    assert (await refused(execute, "bank", "outer")).code == "credential_required"
    assert (await refused(execute, "bank", "outer", credential_id=id)).code == "credential_required"
    assert await execute("bank", "outer", credentials={"bank": id}) == "token-of-the-bank"


async def test_names_mean_what_they_mean_to_the_components_owner(execute: Execute, world: World) -> None:
    lib = world.add_service("lib", platform="globex", public=True)
    theirs = world.add_service("helper", platform="globex")
    mine = world.add_service("helper")
    world.add_action(theirs, "name", "theirs")
    world.add_action(mine, "name", "mine")
    world.add_action(lib, "ask", call("helper", "name"))
    assert await execute("lib", "ask") == "theirs"
    assert await execute("helper", "name") == "mine"


async def test_variables_are_those_of_the_nested_service(execute: Execute, world: World) -> None:
    inner, outer = world.add_service("inner"), world.add_service("outer")
    reference = {"@type": "reference", "operation": "platformServiceVariable", "variable": "key"}
    world.add_action(inner, "key", reference)
    world.add_action(outer, "keys", [reference, call("inner", "key")])
    world.set_variables(inner, key="inner's")
    world.set_variables(outer, key="outer's")
    assert await execute("outer", "keys") == ["outer's", "inner's"]


async def test_the_service_version_goes_along_within_the_service(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    for version in ("1.0.0", "2.0.0"):
        world.add_action(service, "outer", call("crm", "inner"), version=version)
        world.add_action(service, "inner", version, version=version)
    assert await execute("crm", "outer", service_version="2.0.0") == "2.0.0"
    assert await execute("crm", "outer") == "1.0.0"


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (call("nowhere", "x"), "'nowhere'"),
        (call("crm", "nothing"), "'nothing'"),
        (call("crm", "empty"), "'empty'"),
        (call("crm", "draft"), "'draft'"),
    ],
)
async def test_what_is_not_there_is_not_found(execute: Execute, world: World, node: Any, told: str) -> None:
    service = world.add_service("crm")
    world.add_action(service, "empty", None)
    world.add_action(service, "draft", "x", published=False)
    world.add_action(service, "outer", node)
    error = await refused(execute, "crm", "outer")
    assert error.code == "not_found"
    assert told in error.message


async def test_a_disabled_service_does_not_run_nested_either(execute: Execute, world: World) -> None:
    outer, off = world.add_service("outer"), world.add_service("off", enabled=False)
    world.add_action(off, "x", 1)
    world.add_action(outer, "ask", call("off", "x"))
    with pytest.raises(Conflict, match="disabled"):
        await execute("outer", "ask")


@pytest.mark.parametrize(("given", "path"), [({}, "n"), ({"n": "one"}, "n"), ("text", None)])
async def test_a_nested_input_is_checked_too(execute: Execute, world: World, given: Any, path: str | None) -> None:
    service = world.add_service("crm")
    schema = {"variables": [{"title": "n", "type": "integer", "x-required": True}]}
    world.add_action(service, "inner", SOURCE, schema=schema)
    world.add_action(service, "outer", call("crm", "inner", input=given))
    error = await refused(execute, "crm", "outer")
    assert error.code == "invalid_input"
    assert [failure["path"] for failure in error.details.get("input", [])] == ([path] if path else [])


async def test_an_action_that_calls_itself_runs_out_of_its_budget(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "loop", call("crm", "loop"))
    assert (await refused(execute, "crm", "loop")).code == "budget_exceeded"
