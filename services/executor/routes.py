"""Executor's routes."""

from __future__ import annotations

from typing import Any

import orjson

from libs.common.contracts.catalog import Kind
from libs.common.errors import invalid
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.executor.answers import (
    Asked,
    Executed,
    ExecutionDetail,
    ExecutionRow,
    Refreshed,
    execution_detail,
    execution_row,
)
from services.executor.executions import Executions, Prepared
from services.executor.models import Asker, ComponentRequest, Status
from services.executor.refreshing import Refreshing
from services.executor.schemas import (
    ComponentInput,
    ExecuteBody,
    LogicToTest,
    VariablesToRefresh,
    is_action_node,
    parse_action_node,
    parse_node,
    parse_refresh,
    parse_status,
    parse_test,
)
from services.executor.testing import LogicTests

_SERVICE = "/v1/service/{serviceId}"
_ACTION = f"{_SERVICE}/action/{{actionId}}"
_EXECUTION_ID = "x-execution-id"
_FAILS = (422, 504)
_CREDENTIAL = QueryParameter("userCredentialId", "the token to use, where the user has several for the service")
_STATUS = QueryParameter("status", "only those that ended so", schema={"enum": [*Status]})


class ExecutorRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, executions: Executions, refreshing: Refreshing, tests: LogicTests) -> None:
        self._executions = executions
        self._refreshing = refreshing
        self._tests = tests

    def table(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/execute",
                self.execute,
                "Execute a node, most often an action, and answer its bare output",
                json_body=ExecuteBody,
                user=User.REQUIRED,
                effect=True,
                answer=Any,
                fails=_FAILS,
            ),
            Route(
                "POST",
                f"{_ACTION}/execute",
                self.execute_action,
                "Execute an action with the body as its input",
                json_body=dict[str, Any],
                user=User.REQUIRED,
                effect=True,
                query=(_CREDENTIAL,),
                answer=Executed,
                fails=_FAILS,
            ),
            Route(
                "POST",
                f"{_ACTION}/refreshVariables",
                self.refresh_variables,
                "Refresh an action's variables with the values chosen so far",
                body=VariablesToRefresh,
                user=User.REQUIRED,
                effect=True,
                query=(_CREDENTIAL,),
                answer=Refreshed,
                fails=_FAILS,
            ),
            *self._asking(),
            Route("GET", "/v1/execution", self.list_executions, "List executions, newest first", query=(_STATUS,)),
            Route("GET", "/v1/execution/{executionId}", self.get_execution, "Get an execution with input and output"),
        )

    def _asking(self) -> tuple[Route, ...]:
        """What answers without doing anything at the provider, as far as its author keeps to that."""
        return (
            Route(
                "POST",
                f"{_SERVICE}/datatype/{{datatypeId}}/execute",
                self.execute_datatype,
                "Execute a datatype: what a field of it can be chosen from",
                body=ComponentInput,
                user=User.REQUIRED,
                effect=True,
                query=(_CREDENTIAL,),
                answer=Executed,
                fails=_FAILS,
            ),
            Route(
                "POST",
                f"{_SERVICE}/condition/{{condition_id}}/execute",
                self.execute_condition,
                "Execute a condition: whether it holds",
                body=ComponentInput,
                effect=True,
                query=(_CREDENTIAL,),
                answer=Asked,
                fails=_FAILS,
            ),
            Route(
                "POST",
                "/v1/test/logic",
                self.test_logic,
                "Run a place in a row's logic, and answer the bare result",
                body=LogicToTest,
                effect=True,
                query=(_CREDENTIAL,),
                answer=Any,
                fails=_FAILS,
            ),
        )

    async def execute(self, asked: ApiRequest) -> orjson.Fragment:
        if is_action_node(asked.body):
            prepared = await self._executions.prepare(_asker(asked), parse_action_node(asked.body))
        else:
            prepared = await self._executions.prepare_node(_asker(asked), parse_node(asked.body))
        return await self._run(asked, prepared)

    async def execute_action(self, asked: ApiRequest) -> dict[str, Any]:
        if not isinstance(asked.body, dict):
            raise invalid("", "The body must be a JSON object, the action's input.")
        return await self._execute(asked, Kind.ACTION, "actionId", asked.body)

    async def execute_datatype(self, asked: ApiRequest) -> dict[str, Any]:
        return await self._execute(asked, Kind.DATATYPE, "datatypeId", asked.body.input or {}, "input")

    async def execute_condition(self, asked: ApiRequest) -> dict[str, Any]:
        return await self._execute(asked, Kind.CONDITION, "condition_id", asked.body.input or {}, "input")

    async def refresh_variables(self, asked: ApiRequest) -> dict[str, Any]:
        body: VariablesToRefresh = asked.body
        request = parse_refresh(asked.path("serviceId"), asked.path("actionId"), body, asked.query("userCredentialId"))
        refresh = await self._refreshing.prepare(_asker(asked), request)
        if refresh.execution is not None:
            asked.answer_header(_EXECUTION_ID, refresh.execution.id)
        given = {"step": body.step, "targetField": body.target_field}
        return {"input": given, "output": await self._refreshing.run(refresh)}

    async def test_logic(self, asked: ApiRequest) -> orjson.Fragment:
        test = parse_test(asked.body, asked.query("userCredentialId"))
        return orjson.Fragment(await self._tests.run(_asker(asked), test))

    async def _execute(
        self, asked: ApiRequest, kind: Kind, parameter: str, input: dict[str, Any], input_path: str = ""
    ) -> dict[str, Any]:
        request = ComponentRequest(
            kind,
            asked.path("serviceId"),
            asked.path(parameter),
            input,
            credential_id=asked.query("userCredentialId"),
            input_path=input_path,
        )
        prepared = await self._executions.prepare(_asker(asked), request)
        return {"input": orjson.Fragment(prepared.input_json), "output": await self._run(asked, prepared)}

    async def _run(self, asked: ApiRequest, prepared: Prepared) -> orjson.Fragment:
        asked.answer_header(_EXECUTION_ID, prepared.id)
        return orjson.Fragment(await self._executions.run(prepared))

    async def list_executions(self, asked: ApiRequest) -> Listing[ExecutionRow]:
        status = parse_status(asked.query("status"))
        found, following = await self._executions.page(asked.platform_id, asked.user, status, asked.page)
        return Listing([execution_row(execution) for execution in found], following)

    async def get_execution(self, asked: ApiRequest) -> ExecutionDetail:
        execution, payload = await self._executions.get(asked.platform_id, asked.user, asked.path("executionId"))
        return execution_detail(execution, payload)


def _asker(asked: ApiRequest) -> Asker:
    return Asker(asked.platform_id, asked.user)
