"""Executions: a component or a node is prepared, run, and left to the history; and the history is read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import structlog

from libs.common.clock import Clock
from libs.common.contracts.catalog import Kind, ServiceGrant
from libs.common.contracts.identity import UserGrant
from libs.common.errors import NotFound, Unavailable, Unprocessable
from libs.common.ids import new_id
from libs.common.telemetry import Metrics
from libs.common.web.paging import Page
from libs.logic.errors import LogicError
from libs.logic.program import Program
from libs.logic.scope import Scope
from libs.runtime.bindings import Actor
from libs.runtime.components import CompiledComponent
from libs.runtime.host import EXECUTE, Runtime, RuntimeHost
from libs.runtime.problems import invalid_input, problem_of
from services.executor.history import HistoryWriter
from services.executor.lookup import find_component
from services.executor.models import Asker, ComponentRequest, Execution, NodeRequest, Payload, Status
from services.executor.nodes import compiled, type_of
from services.executor.records import Finished
from services.executor.repository import ExecutionRepository
from services.executor.subjects import ComponentHook, RequestNode, Subject

log = structlog.get_logger()


_HOOKS: dict[Kind, tuple[str, ...]] = {Kind.DATATYPE: ("values", EXECUTE)}


@dataclass(frozen=True, slots=True)
class Prepared:
    """An execution that may begin: found, enabled, its input valid."""

    id: str
    asker: Asker
    subject: Subject
    program: Program
    host: RuntimeHost
    input: Any
    input_json: bytes
    query: Mapping[str, Any] = field(default_factory=dict)
    """What scripts see as `input.query`."""


class Executions:
    """The verbs on executions."""

    def __init__(
        self,
        runtime: Runtime,
        repository: ExecutionRepository,
        history: HistoryWriter,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._runtime = runtime
        self._repository = repository
        self._history = history
        self._clock = clock
        self._succeeded = metrics.executions.labels(Status.SUCCEEDED.value)
        self._failed = metrics.executions.labels(Status.FAILED.value)

    async def prepare(self, asker: Asker, request: ComponentRequest) -> Prepared:
        """Raises NotFound, Conflict for a disabled service, Invalid for the input, Unavailable."""
        service, component = await find_component(self._runtime.components, asker, request)
        return await self.prepare_component(asker, service, component, request)

    async def prepare_component(
        self, asker: Asker, service: ServiceGrant, component: CompiledComponent, request: ComponentRequest
    ) -> Prepared:
        """Of a component that was found. Raises Invalid for the input, Unprocessable without logic, Unavailable."""
        hook, program = _main_hook(component)
        if component.content.input is not None:
            failures = component.content.input.failures(request.input)
            if failures:
                raise invalid_input(failures, request.input_path)
        return await self.prepare_hook(asker, ComponentHook(service, component, hook), program, request)

    async def prepare_hook(
        self, asker: Asker, subject: ComponentHook, program: Program, request: ComponentRequest
    ) -> Prepared:
        """With an input that is taken as it is. Raises Unavailable."""
        actor = Actor(asker.platform_id, asker.user, request.credential_id, request.credentials)
        host = self._runtime.host(actor, subject.service, service_version=request.service_version)
        return await self._prepared(asker, subject, program, host, request.input)

    async def prepare_node(self, asker: Asker, request: NodeRequest) -> Prepared:
        """Raises Invalid with everything that is wrong with the node, Unavailable."""
        program = await compiled(request.node)
        host = self._runtime.host_of_request(Actor(asker.platform_id, asker.user, credentials=request.credentials))
        return await self._prepared(asker, RequestNode(type_of(request.node)), program, host, None)

    async def run(self, prepared: Prepared) -> bytes:
        """The output as JSON. Raises what went wrong as the API answers it."""
        started_at, started = self._clock.now(), time.perf_counter()
        try:
            scope = await prepared.host.scope(prepared.program, prepared.input)
            scope.query = prepared.query
            value = await _evaluated(prepared, scope)
            output_json = orjson.dumps(prepared.subject.answered(value))
        except BaseException as failure:
            self._failed.inc()
            self._record(prepared, started_at, time.perf_counter() - started, failure=failure)
            raise
        self._succeeded.inc()
        self._record(prepared, started_at, time.perf_counter() - started, value=value, output_json=output_json)
        return output_json

    async def get(self, platform_id: str, user: UserGrant | None, id: str) -> tuple[Execution, Payload]:
        """Raises NotFound; with a user also for the executions of others."""
        await self._catch_up()
        found = await self._repository.by_id(platform_id, id)
        if found is None or (user is not None and found[0].user_row_id != user.row_id):
            raise NotFound("execution_not_found", "There is no such execution; they are kept for a limited time.")
        return found

    async def page(
        self, platform_id: str, user: UserGrant | None, status: Status | None, page: Page
    ) -> tuple[list[Execution], str | None]:
        await self._catch_up()
        return await self._repository.page(platform_id, user.row_id if user is not None else None, status, page)

    async def _prepared(
        self, asker: Asker, subject: Subject, program: Program, host: RuntimeHost, input: Any
    ) -> Prepared:
        await self._history.room()
        return Prepared(new_id(), asker, subject, program, host, input, orjson.dumps(input))

    async def _catch_up(self) -> None:
        """A client reads what it has just executed; what the store can't take yet is left out."""
        try:
            await self._history.flush()
        except Unavailable as error:
            log.warning("history.behind", code=error.code)

    def _record(
        self,
        prepared: Prepared,
        started_at: datetime,
        duration_s: float,
        *,
        value: Any = None,
        output_json: bytes = b"",
        failure: BaseException | None = None,
    ) -> None:
        self._history.add(
            Finished(
                id=prepared.id,
                asker=prepared.asker,
                subject=prepared.subject,
                host=prepared.host,
                started_at=started_at,
                duration_s=duration_s,
                input_json=prepared.input_json,
                output_json=output_json,
                value=value,
                failure=failure,
            )
        )


def _main_hook(component: CompiledComponent) -> tuple[str, Program]:
    """Raises Unprocessable when there is none."""
    hooks = _HOOKS.get(component.grant.kind, (EXECUTE,))
    for hook in hooks:
        program = component.hook(hook)
        if program is not None:
            return hook, program
    kind, name = component.grant.kind, component.grant.name
    raise Unprocessable("no_logic", f"{kind}: {name!r} has no logic; give its `logic` the hook `{hooks[0]}`.")


async def _evaluated(prepared: Prepared, scope: Scope) -> Any:
    program = prepared.program
    try:
        return program.run(scope) if program.is_sync else await program.evaluate(scope)
    except LogicError as error:
        failure = problem_of(error, prepared.host.blotter(), prepared.host.console.lines)
        failure.extra["executionId"] = prepared.id
        raise failure from None
