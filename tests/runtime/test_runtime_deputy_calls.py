"""A hostile public service, of another platform, tries to spend a user's other token by calling who may spend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from libs.common.contracts.catalog import Kind
from libs.logic.errors import LogicError
from libs.logic.program import compile_node
from libs.runtime.bindings import Actor
from libs.runtime.host import Runtime
from tests.runtime.conftest import Execute
from tests.runtime.deputy import SOURCE, SPEND, TOKEN, Case, call, source
from tests.runtime.world import World

Steal = Callable[..., Awaitable[LogicError]]


@pytest.fixture
def steal(execute: Execute, case: Case) -> Steal:
    """Runs the node as an action of the hostile service, without and with ann's token for it; it must be refused."""

    async def run(node: Any, given: Any = None, **named: Any) -> LogicError:
        row_id = case.writes(node)
        with pytest.raises(LogicError):
            await execute("hostile", row_id, given, credential_id=case.own_id, **named)
        with pytest.raises(LogicError) as refused:
            await execute("hostile", row_id, given, **named)
        told = f"{refused.value.message} {refused.value.details}"
        assert TOKEN not in told
        return refused.value

    return run


def ways(id: str) -> dict[str, Any]:
    """By name, by an id that it knows, and around every node of the language."""
    spend = call("bank", "spend")
    return {
        "an action": spend,
        "a condition": call("bank", "spend", "condition"),
        "a literal id": call("bank", "spend", userCredentialId=id),
        "an id from its input": call("bank", "spend", userCredentialId=source("id")),
        "an id that core puts together": call(
            "bank", "spend", userCredentialId=call("core", "string.trim", input={"string": f" {id} "})
        ),
        "an id that an expression makes": call(
            "bank", "spend", userCredentialId={"@type": "expression", "expression": "id"}
        ),
        "an id that a script makes": call(
            "bank", "spend", userCredentialId={"@type": "script", "script": "return input.data.id"}
        ),
        "a condition with an id": call("bank", "spend", "condition", userCredentialId=id),
        "an object": {"a": [{"b": spend}]},
        "then": {"@type": "if", "condition": True, "then": spend},
        "else": {"@type": "if", "condition": False, "then": 1, "else": spend},
        "the condition of an if": {
            "@type": "if",
            "condition": call("bank", "spend", "condition"),
            "then": 1,
            "else": 0,
        },
        "a case": {"@type": "case", "cases": [{"condition": True, "then": spend}]},
        "a value to compare": {"@type": "ifValue", "value": spend, "equals": TOKEN, "then": 1, "else": 0},
        "a case's value": {"@type": "caseValue", "value": spend, "cases": [{"equals": TOKEN, "then": 1}]},
        "repeat": {"@type": "repeat", "times": 2, "do": spend},
        "repeat at once": {"@type": "repeat", "each": [1, 2, 3], "do": spend, "concurrency": 3},
        "catch": {"@type": "try", "do": {"@type": "fail", "code": "x", "message": "x"}, "catch": spend},
        "an input": call("hostile", "echo", input={"stolen": spend}),
        "a script's input": {"@type": "script", "script": "return input.data", "input": spend},
        "an expression's input": {"@type": "expression", "expression": "$", "input": spend},
        "a URL": {"@type": "http", "method": "GET", "url": spend, "auth": "none"},
        "a message": {"@type": "fail", "code": "x", "message": spend},
        "a function of core": call("core", "string.trim", input={"string": spend}),
        "its own action": call("hostile", "own"),
        "its own condition": call("hostile", "own", "condition"),
        "an action of another service of its author": call("accomplice", "spend"),
        "another version": call("bank", "spend", serviceVersion="1.0.0", actionVersion="1.0.0"),
    }


@pytest.mark.parametrize("way", ways(""))
async def test_no_way_of_calling_spends_it(steal: Steal, case: Case, world: World, way: str) -> None:
    accomplice = world.add_service("accomplice", platform="globex", public=True)
    world.add_action(accomplice, "spend", call("bank", "spend", userCredentialId=source("id")))
    world.add_action(case.hostile, "echo", SOURCE)
    for kind in (Kind.ACTION, Kind.CONDITION):
        world.add(case.hostile, kind, "own", {"execute": call("bank", "spend")})
    error = await steal(ways(case.id)[way], {"id": case.id})
    assert error.code == "credential_required"
    assert "add it to `credentials` as {'bank': id}" in error.message
    assert world.asked["find-credential"] <= 1  # for hostile's own, when it was named


async def test_a_refusal_that_is_caught_tells_nothing(execute: Execute, case: Case) -> None:
    case.writes({"@type": "try", "do": call("bank", "spend"), "catch": {"@type": "reference", "operation": "item"}})
    caught = await execute("hostile", "steal")
    assert caught["code"] == "credential_required"
    assert TOKEN not in str(caught)


@pytest.mark.parametrize("key", ["hostile", "core", "spend", "Bank", "bank ", "*", ""])
async def test_credentials_named_for_something_else_are_not_taken_for_it(steal: Steal, case: Case, key: str) -> None:
    for node in (call("bank", "spend"), call("bank", "spend", userCredentialId=case.id)):
        error = await steal(node, credentials={key: case.id})
        assert error.code == "credential_required"


@pytest.mark.parametrize("key", ["hostile", "service"])
async def test_a_credential_of_another_service_is_none_of_this_one(execute: Execute, case: Case, key: str) -> None:
    case.writes(SPEND)
    for named in ({"credential_id": case.id}, {"credentials": {"hostile": case.id}}):
        with pytest.raises(LogicError) as refused:
            await execute("hostile", "steal", **named)
        assert refused.value.code == "credential_invalid"
        assert f"no usable credential '{case.id}' for 'hostile'" in refused.value.message
        assert "POST /v1/user/{userId}/token" in refused.value.message


async def test_ids_of_other_users_and_platforms_are_no_credentials(execute: Execute, case: Case, world: World) -> None:
    of_bob = world.add_credential("bob", case.bank, "bank-token-of-bob")
    of_eve = world.add_credential("eve", case.bank, "bank-token-of-eve")
    case.writes(call("bank", "spend", userCredentialId=source("id")))
    for id in (of_bob, of_eve, "credential-999", ""):
        with pytest.raises(LogicError) as refused:
            await execute("hostile", "steal", {"id": id})
        assert refused.value.code == "credential_required"
        with pytest.raises(LogicError) as refused:
            await execute("hostile", "steal", {"id": id}, credentials={"bank": id})
        assert refused.value.code in ("credential_invalid", "credential_required")
        with pytest.raises(LogicError):
            await execute("bank", "spend", credential_id=id or "none")


async def test_a_user_who_wants_it_names_it(execute: Execute, case: Case) -> None:
    """The other side of all this: with consent each way works."""
    case.writes(call("bank", "spend"))
    for named in ({"bank": case.id}, {case.bank: case.id}):
        assert await execute("hostile", "steal", credentials=named) == TOKEN
    assert await execute("hostile", "steal", credential_id=case.id) == TOKEN


async def test_a_service_that_was_called_gets_nothing_back_from_its_caller(
    execute: Execute, case: Case, world: World
) -> None:
    """bank itself calls the hostile one, which calls back into bank: that goes without bank's credential."""
    for name, node in {"help": call("bank", "spend"), "deep": call("hostile", "help")}.items():
        world.add_action(case.hostile, name, node)
        world.add_action(case.bank, f"ask-{name}", call("hostile", name))
        for id in (None, case.id):
            with pytest.raises(LogicError) as refused:
                await execute("bank", f"ask-{name}", credential_id=id)
            assert refused.value.code == "credential_required"
            assert refused.value.details["service"] == "bank"


@pytest.mark.parametrize(
    ("kind", "hook"),
    [
        (Kind.TRIGGER, "create"),
        (Kind.TRIGGER, "trigger"),
        (Kind.TRIGGER, "delete"),
        (Kind.EVENT, "route"),
        (Kind.EVENT, "response"),
        (Kind.DATATYPE, "values"),
        (Kind.CONDITION, "execute"),
        (Kind.ACTION, "refresh"),
    ],
)
async def test_no_hook_spends_it(runtime: Runtime, case: Case, world: World, kind: Kind, hook: str) -> None:
    row_id = case.writes(call("bank", "spend", userCredentialId=case.id), kind=kind, hook=hook)
    service = await runtime.components.usable_service("acme", "hostile", None)
    component = await runtime.components.component(service.id, kind, row_id)
    assert component is not None
    program = component.hook(hook)
    assert program is not None
    for actor in (Actor("acme"), Actor("acme", world.users["acme", "ann"], case.own_id)):
        host = runtime.host(actor, service)
        with pytest.raises(LogicError) as refused:
            await program.evaluate(await host.scope(program, {}))
        assert refused.value.code == "credential_required"
        assert "'bank'" in refused.value.message


async def test_without_a_user_it_is_said_that_nobody_acts(execute: Execute, case: Case) -> None:
    case.writes(call("bank", "spend"))
    with pytest.raises(LogicError, match="no user acts") as refused:
        await execute("hostile", "steal", user=None, credentials={"bank": case.id})
    assert refused.value.code == "credential_required"


async def test_a_node_of_the_request_gives_no_credential_to_what_is_nested_in_it(
    runtime: Runtime, case: Case, world: World
) -> None:
    """The client calls bank with its token, and hostile in the same request: hostile calls bank without."""
    case.writes(call("bank", "spend", userCredentialId=case.id))
    both = [call("bank", "spend", userCredentialId=case.id), {"@type": "try", "do": call("hostile", "steal")}]
    both[1]["catch"] = {"@type": "reference", "operation": "item", "path": ["code"]}
    program = compile_node(both)
    host = runtime.host_of_request(Actor("acme", world.users["acme", "ann"]))
    assert await program.evaluate(await host.scope(program, {})) == [TOKEN, "credential_required"]


async def test_services_that_call_each_other_end_by_depth_with_the_chain(
    execute: Execute, case: Case, world: World
) -> None:
    world.add_action(case.bank, "ping", call("hostile", "pong"))
    world.add_action(case.hostile, "pong", call("bank", "ping"))
    for depth, chain in {
        2: "hostile/pong → bank/ping → hostile/pong",
        64: "hostile/pong → bank/ping → hostile/pong → … → hostile/pong → bank/ping → hostile/pong",
    }.items():
        with pytest.raises(LogicError) as ended:
            await execute("bank", "ping", depth=depth)
        assert ended.value.details["budget"] == "depth"
        assert f"nested deeper than {depth}: {chain}." in ended.value.message


async def test_calls_that_are_deep_in_other_nodes_end_by_depth_with_the_chain_too(
    execute: Execute, case: Case, world: World
) -> None:
    world.add_action(case.bank, "ping", nested_in_lists(call("hostile", "pong"), 100))
    world.add_action(case.hostile, "pong", nested_in_lists(call("bank", "ping"), 100))
    # Python's own limit or the budget's, whichever comes first: tests that ran before may have raised the former.
    with pytest.raises(LogicError, match=r"deep.*: hostile/pong → bank/ping") as ended:
        await execute("bank", "ping")
    assert (ended.value.code, ended.value.details["budget"]) == ("budget_exceeded", "depth")


def nested_in_lists(node: Any, levels: int) -> Any:
    return node if levels == 0 else [nested_in_lists(node, levels - 1)]
