"""Calls between services: directly in one process, or by HTTP on the internal port, which no gateway routes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

import aiohttp
import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from libs.common.contracts.calls import Answers, Call
from libs.common.errors import BY_STATUS, Detail, NotFound, ServiceError, Unavailable
from libs.common.role_tokens import NOT_ALLOWED, REFUSED, RoleKeys, TokenSigner, authorize
from libs.common.telemetry import METRICS_CONTENT_TYPE
from libs.common.web.endpoint import read_limited, request_id_of
from libs.common.web.problems import problem, unexpected

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)

log = structlog.get_logger()
_JSON = "application/json"
_PROBLEM_MEMBERS = frozenset({"type", "title", "status", "detail", "error", "code", "requestId", "details"})
_LARGEST_QUESTION_BYTES = 8 << 20


class DirectPeers:
    """Peers in the same process. `answers` may be filled after this is made, but before it is asked."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def ask(self, call: Call[Q, A], question: Q) -> A | None:
        answer = self._answers.get(call)
        if answer is None:
            raise unavailable(call.owner)
        return cast("A | None", await answer(question))


class HttpPeers:
    """Peers on other machines, each at its base URL.

    Only a connection that could not be made is tried again, for `connect_for_s`; whatever was sent is not.
    """

    def __init__(
        self,
        signer: TokenSigner,
        urls: Mapping[str, str],
        session: aiohttp.ClientSession,
        *,
        connect_for_s: float = 2.0,
        answer_within_s: float = 10.0,
    ) -> None:
        self._signer = signer
        self._urls = {owner: url.rstrip("/") for owner, url in urls.items()}
        self._session = session
        self._connect_for_s = connect_for_s
        self._timeout = aiohttp.ClientTimeout(total=answer_within_s, sock_connect=connect_for_s)

    async def ask(self, call: Call[Q, A], question: Q) -> A | None:
        raw = orjson.dumps(question.model_dump(mode="json", by_alias=True))
        try:
            async for attempt in self._attempts():
                with attempt:
                    status, answer = await self._post(call, raw)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("peer.unreachable", owner=call.owner, call=call.name, error=repr(error))
            raise unavailable(call.owner) from None
        return None if status == web.HTTPNoContent.status_code else _parsed(call, answer)

    def _attempts(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type(aiohttp.ClientConnectorError),
            stop=stop_after_delay(self._connect_for_s),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )

    async def _post(self, call: Call[Q, A], raw: bytes) -> tuple[int, bytes]:
        if call.owner not in self._urls:
            raise unavailable(call.owner)
        headers = {"Authorization": f"Bearer {self._signer.token(call)}", "Content-Type": _JSON}
        url = f"{self._urls[call.owner]}/internal/{call.name}"
        async with self._session.post(
            url, data=raw, headers=headers, timeout=self._timeout, allow_redirects=False
        ) as response:
            answer = await response.read()
            if response.status not in (200, 204):
                raise _remote_error(call, response, answer)
            return response.status, answer


def unavailable(owner: str) -> Unavailable:
    return Unavailable(f"{owner}_unavailable", f"{owner} can't be reached just now; try again.", retry_after_s=1)


def _parsed(call: Call[Q, A], answer: bytes) -> A:
    try:
        return call.answer.model_validate(orjson.loads(answer))
    except ValueError:
        raise _mismatch(call, "answer") from None


def _mismatch(call: Call[Any, Any], part: str) -> ServiceError:
    """The two sides run versions that don't fit; nothing that the client could mend."""
    return ServiceError("contract_mismatch", f"The {part} of {call.owner}'s {call.name} is not of this version's form.")


def _remote_error(call: Call[Any, Any], response: aiohttp.ClientResponse, raw: bytes) -> ServiceError:
    """The owner's error as it raised it; what the owner did not say itself (a proxy did) means that it is down."""
    try:
        error = _rebuilt(response, orjson.loads(raw))
    except (ValueError, KeyError, TypeError):
        return unavailable(call.owner)
    if error.code not in (REFUSED, NOT_ALLOWED):
        return error
    log.error("peer.refused", owner=call.owner, call=call.name, reason=error.message)
    return ServiceError("internal_error", f"{call.owner} does not believe this service; their role keys don't fit.")


def _rebuilt(response: aiohttp.ClientResponse, body: Any) -> ServiceError:
    retry_after = response.headers.get("Retry-After")
    return BY_STATUS.get(response.status, ServiceError)(
        body["code"],
        body["detail"],
        details=[Detail(each["path"], each["message"]) for each in body.get("details", ())],
        retry_after_s=int(retry_after) if retry_after else None,
        extra={name: value for name, value in body.items() if name not in _PROBLEM_MEMBERS},
    )


def internal_app(answers: Answers, keys: RoleKeys, *, metrics: Callable[[], bytes]) -> web.Application:
    """`POST /internal/{call}` for those with a role token, `GET /metrics` and `GET /healthz` for the operator."""
    app = web.Application(client_max_size=_LARGEST_QUESTION_BYTES)
    app.router.add_post("/internal/{call}", _Desk(answers, keys).serve)
    app.router.add_get("/metrics", _metrics_page(metrics))
    app.router.add_get("/healthz", _healthy)
    return app


class _Desk:
    """Answers calls by their name."""

    def __init__(self, answers: Answers, keys: RoleKeys) -> None:
        self._answers = {call.name: (call, answer) for call, answer in answers.items()}
        self._public = keys.public

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
        raw = await read_limited(request, _LARGEST_QUESTION_BYTES)
        try:
            question = call.request.model_validate(orjson.loads(raw))
        except ValueError:
            raise _mismatch(call, "question") from None
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
