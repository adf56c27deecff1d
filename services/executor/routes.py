"""Executor's routes."""

from __future__ import annotations

from typing import Any

import orjson

from libs.common.errors import invalid
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.executor.executions import Executions
from services.executor.models import ActionRequest, Status
from services.executor.schemas import (
    ActionNode,
    Executed,
    ExecutionDetail,
    ExecutionRow,
    execution_detail,
    execution_row,
    parse_action_node,
    parse_status,
)

_ACTION = "/v1/service/{serviceId}/action/{actionId}"
_EXECUTION_ID = "x-execution-id"
_FAILS = (422, 504)
_CREDENTIAL = QueryParameter("userCredentialId", "the token to use, where the user has several for the service")
_STATUS = QueryParameter("status", "only those that ended so", schema={"enum": [*Status]})


class ExecutorRoutes:
    """Parse, call one verb, shape."""

    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    def table(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/execute",
                self.execute,
                "Execute an action node and answer its bare output",
                json_body=ActionNode,
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
            Route("GET", "/v1/execution", self.list_executions, "List executions, newest first", query=(_STATUS,)),
            Route("GET", "/v1/execution/{executionId}", self.get_execution, "Get an execution with input and output"),
        )

    async def execute(self, asked: ApiRequest) -> orjson.Fragment:
        prepared = await self._executions.prepare(asked.acting_user, parse_action_node(asked.body))
        asked.answer_header(_EXECUTION_ID, prepared.id)
        return orjson.Fragment(await self._executions.run(prepared))

    async def execute_action(self, asked: ApiRequest) -> dict[str, Any]:
        if not isinstance(asked.body, dict):
            raise invalid("", "The body must be a JSON object, the action's input.")
        request = ActionRequest(
            asked.path("serviceId"),
            asked.path("actionId"),
            asked.body,
            credential_id=asked.query("userCredentialId"),
        )
        prepared = await self._executions.prepare(asked.acting_user, request)
        asked.answer_header(_EXECUTION_ID, prepared.id)
        output_json = await self._executions.run(prepared)
        return {"input": orjson.Fragment(prepared.input_json), "output": orjson.Fragment(output_json)}

    async def list_executions(self, asked: ApiRequest) -> Listing[ExecutionRow]:
        status = parse_status(asked.query("status"))
        found, following = await self._executions.page(asked.platform_id, asked.user, status, asked.page)
        return Listing([execution_row(execution) for execution in found], following)

    async def get_execution(self, asked: ApiRequest) -> ExecutionDetail:
        execution, payload = await self._executions.get(asked.platform_id, asked.user, asked.path("executionId"))
        return execution_detail(execution, payload)
