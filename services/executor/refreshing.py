"""Refreshing an action's variables: by its own `refresh` hook, else by the datatype of the variable needed next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import orjson

from libs.common.contracts.catalog import Kind, ServiceGrant
from libs.common.errors import NotFound, invalid_request
from libs.runtime.components import Components
from libs.runtime.validation import variables_of
from services.executor.choices import choices
from services.executor.executions import Executions, Prepared
from services.executor.lookup import component_of, find_component
from services.executor.models import Asker, ComponentRequest, RefreshRequest
from services.executor.subjects import RefreshHook
from services.executor.variables import (
    CHOICES,
    chosen_values,
    datatype_of,
    filled,
    taken_by,
    title_of,
    unknown_titles,
)

REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh that may begin. What computes it is an execution; None where the schema alone says everything."""

    variables: list[dict[str, Any]]
    """The action's own."""
    values: dict[str, Any]
    target: str
    execution: Prepared | None = None


class Refreshing:
    """The verb on an action's variables."""

    def __init__(self, components: Components, executions: Executions) -> None:
        self._components = components
        self._executions = executions

    async def prepare(self, asker: Asker, request: RefreshRequest) -> Refresh:
        """Raises NotFound, Conflict for a disabled service, Invalid, Unavailable."""
        asked = ComponentRequest(Kind.ACTION, request.service, request.action, {}, credential_id=request.credential_id)
        service, action = await find_component(self._components, asker, asked)
        schema = action.grant.content.get("schema") or {}
        refresh = Refresh([entry for _, entry in variables_of(schema)], chosen_values(request.steps), request.target)
        program = action.hook(REFRESH)
        if program is not None:
            hook, asked = RefreshHook(service, action, REFRESH), replace(asked, input=refresh.values)
            execution = await self._executions.prepare_hook(asker, hook, program, asked)
            return replace(refresh, execution=replace(execution, query={"targetField": request.target}))
        unknown = list(unknown_titles(schema, request.steps, request.target))
        if unknown:
            raise invalid_request(unknown, "body")
        datatype = datatype_of(schema, request.target)
        if datatype is None:
            return refresh
        named = replace(asked, kind=Kind.DATATYPE, name=datatype.ref, version=datatype.version, input=refresh.values)
        return replace(refresh, execution=await self._choosing(asker, service, named))

    async def run(self, refresh: Refresh) -> dict[str, Any]:
        """The variables as they are now. Raises what went wrong as the API answers it."""
        execution, answered = refresh.execution, {"variables": refresh.variables}
        if execution is not None:
            output = orjson.loads(await self._executions.run(execution))
            hooked = isinstance(execution.subject, RefreshHook)
            answered = output if hooked else {"variables": _offering(refresh, choices(output))}
        # Each value is held against a schema, of which a hook may answer many.
        variables = await asyncio.to_thread(filled, answered["variables"], refresh.values)
        return {**answered, "variables": variables}

    async def _choosing(self, asker: Asker, service: ServiceGrant, asked: ComponentRequest) -> Prepared:
        """The datatype with the values so far. A version that there is none of means the latest."""
        try:
            datatype = await component_of(self._components, asker, service, asked)
        except NotFound:
            if asked.version is None:
                raise
            return await self._choosing(asker, service, replace(asked, version=None))
        taken = taken_by(datatype.grant.content.get("schema") or {}, asked.input)
        return await self._executions.prepare_component(
            asker, service, datatype, replace(asked, input=taken, input_path="step")
        )


def _offering(refresh: Refresh, offered: list[Any]) -> list[dict[str, Any]]:
    """The action's variables, that of the target with what it can be chosen from."""
    return [{**entry, CHOICES: offered} if title_of(entry) == refresh.target else entry for entry in refresh.variables]
