"""A platform's values of a service's variables are secrets of that platform: no hostile service spends them."""

from __future__ import annotations

import pytest

from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.deputy import Case, call
from tests.runtime.world import World

KEY = {"@type": "reference", "operation": "platformServiceVariable", "variable": "key"}


async def test_another_platforms_service_can_not_spend_them(execute: Execute, case: Case, world: World) -> None:
    world.add_action(case.bank, "key", KEY)
    world.add_action(case.bank, "script", {"@type": "script", "script": "return service.vars.key"})
    world.set_variables(case.bank, key="acme's own key")
    for action in ("key", "script"):
        case.writes(call("bank", action))
        with pytest.raises(LogicError) as refused:
            await execute("hostile", world.components[-1].row_id)
        assert refused.value.code == "variable_missing"
        assert "name 'bank' in the request's `credentials`" in refused.value.message
        assert await execute("bank", action) == "acme's own key"
    assert await execute("hostile", "steal", credentials={"bank": case.id}) == "acme's own key"


async def test_the_platforms_own_and_the_authors_own_may(execute: Execute, case: Case, world: World) -> None:
    world.add_action(case.bank, "key", KEY)
    world.set_variables(case.bank, key="k")
    for name, platform in (("mine", "acme"), ("banks", "bigcorp")):
        service = world.add_service(name, platform=platform, public=True)
        world.add_action(service, "ask", call("bank", "key"))
        assert await execute(name, "ask") == "k"


async def test_what_has_no_values_needs_none(execute: Execute, case: Case, world: World) -> None:
    world.add_action(case.bank, "key", {"region": KEY})
    case.writes(call("bank", "key"))
    assert await execute("hostile", "steal") == {"region": None}
