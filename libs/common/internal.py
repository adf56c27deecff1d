"""The internal port: calls of other services, which no gateway routes, and what the operator reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel

from libs.common.contracts.calls import Answers
from libs.common.errors import NotFound, ServiceError
from libs.common.peers import mismatch
from libs.common.role_tokens import RoleKeys, authorize
from libs.common.telemetry import METRICS_CONTENT_TYPE
from libs.common.web.endpoint import read_limited, request_id_of
from libs.common.web.problems import problem, unexpected

log = structlog.get_logger()
_JSON = "application/json"
_LARGEST_QUESTION_BYTES = 8 << 20


def internal_app(
    answers: Answers, keys: RoleKeys, *, metrics: Callable[[], bytes], check: Callable[[], None]
) -> web.Application:
    """`POST /internal/{call}` for those with a role token, `GET /metrics` and `GET /healthz` for the operator.

    `check` raises Unavailable while nothing can be answered yet.
    """
    app = web.Application(client_max_size=_LARGEST_QUESTION_BYTES)
    app.router.add_post("/internal/{call}", _Desk(answers, keys, check).serve)
    app.router.add_get("/metrics", _metrics_page(metrics))
    app.router.add_get("/healthz", _healthy)
    return app


class _Desk:
    """Answers calls by their name."""

    def __init__(self, answers: Answers, keys: RoleKeys, check: Callable[[], None]) -> None:
        self._answers = {call.name: (call, answer) for call, answer in answers.items()}
        self._public = keys.public
        self._check = check

    async def serve(self, request: web.Request) -> web.Response:
        request_id = request_id_of(request)
        try:
            return await self._answer(request)
        except ServiceError as error:
            return problem(error, request_id)
        except Exception as error:
            log.error("call.failed", path=request.path, request_id=request_id, exc_info=error)
            return unexpected(request_id)

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["call"]
        if name not in self._answers:
            raise NotFound("unknown_call", f"There is no internal call {name[:100]!r} here.")
        call, answer = self._answers[name]
        authorize(request.headers.get("Authorization"), call, self._public)
        self._check()
        raw = await read_limited(request, _LARGEST_QUESTION_BYTES)
        try:
            question = call.request.model_validate(orjson.loads(raw))
        except ValueError:
            raise mismatch(call, "question") from None
        return _response(await answer(question))


def _response(value: BaseModel | None) -> web.Response:
    if value is None:
        return web.Response(status=web.HTTPNoContent.status_code)
    return web.Response(body=orjson.dumps(value.model_dump(mode="json", by_alias=True)), content_type=_JSON)


def _metrics_page(metrics: Callable[[], bytes]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(metrics), headers={"Content-Type": METRICS_CONTENT_TYPE})

    return page


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")
