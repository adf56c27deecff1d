"""On whose share of the sandbox logic runs: that of the platform that asks, whoever wrote it."""

from dataclasses import replace
from typing import Any

from libs.common.contracts.catalog import Kind
from libs.logic.sandbox.job import Job
from libs.logic.scope import Computation
from libs.runtime.bindings import Actor
from libs.runtime.host import Runtime
from tests.runtime.world import World


class Recorder:
    """A sandbox that only notes whose work it is given."""

    def __init__(self) -> None:
        self.tenants: list[str] = []

    async def run(self, job: Job) -> Any:
        self.tenants.append(job.tenant)

    async def compute(self, computation: Computation) -> Any:
        self.tenants.append(computation.tenant)


async def test_scripts_and_expressions_count_for_the_platform_that_asks(runtime: Runtime, world: World) -> None:
    sandbox = Recorder()
    service = world.add_service("tools", platform="globex", public=True)
    work = [{"@type": "script", "script": "return 1"}, {"@type": "expression", "expression": "1"}]
    world.add_action(service, "work", work)
    nested = {"@type": "action", "service": "tools", "action": "work"}
    world.add_action(service, "outer", [*work, nested])
    component = await runtime.components.component(service, Kind.ACTION, "outer")
    grant = await runtime.components.service("acme", service)
    assert component is not None
    assert grant is not None
    host = replace(runtime, sandbox=sandbox).host(Actor("acme", None), grant)
    program = component.hook("execute")
    assert program is not None
    await program.evaluate(await host.scope(program, {}))
    assert sandbox.tenants == ["acme"] * 4
