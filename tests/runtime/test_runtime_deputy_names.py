"""A hostile service calls itself what others are called."""

from __future__ import annotations

import pytest

from libs.common.errors import NotFound
from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.deputy import SPEND, TOKEN, Case, call
from tests.runtime.world import World


async def test_a_service_of_the_victims_name_is_another(execute: Execute, case: Case, world: World) -> None:
    mimic = world.add_service("bank", platform="globex")
    world.add_action(mimic, "spend", SPEND)
    case.writes(call("bank", "spend"))
    assert await execute("bank", "spend") == TOKEN  # to acme the name still means the public one
    for named in ({}, {"credentials": {"bank": case.id}}, {"credential_id": case.id}):
        with pytest.raises(LogicError) as refused:
            await execute("hostile", "steal", **named)
        assert refused.value.code in ("credential_required", "credential_invalid")
        assert refused.value.details["serviceId"] == mimic


async def test_a_service_whose_name_is_the_victims_id_is_another(execute: Execute, case: Case, world: World) -> None:
    mimic = world.add_service(case.bank, platform="globex", public=True)
    world.add_action(mimic, "spend", SPEND)
    case.writes(call(mimic, "spend"))
    with pytest.raises(LogicError) as refused:
        await execute("hostile", "steal", credentials={case.bank: case.id})
    assert refused.value.code == "credential_invalid"


async def test_core_is_nobodys(execute: Execute, case: Case, world: World) -> None:
    mimic = world.add_service("core", platform="globex", public=True)
    world.add_action(mimic, "string.trim", "stolen")
    case.writes(call("core", "string.trim", input={"string": " x "}))
    assert await execute("hostile", "steal") == "x"
    with pytest.raises(NotFound):
        await execute("core ", "string.trim")


async def test_what_is_only_the_actors_is_not_there(execute: Execute, case: Case, world: World) -> None:
    private = world.add_service("payroll")
    world.add_action(private, "spend", "money")
    for ref in ("payroll", private):
        case.writes(call(ref, "spend"))
        with pytest.raises(LogicError, match="no service") as refused:
            await execute("hostile", case.world.components[-1].row_id)
        assert refused.value.code == "not_found"
