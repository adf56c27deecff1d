"""From a route to an endpoint: request id, key, user, body, idempotency, answer, problem, measure."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import orjson
import structlog
from aiohttp import web

from libs.common.errors import Detail, Invalid, ServiceError, TooLarge, invalid, invalid_request
from libs.common.ids import new_id
from libs.common.telemetry import Telemetry
from libs.common.web.access import Access
from libs.common.web.body import Body, parse_body, parse_json, too_deep
from libs.common.web.idempotency import IdempotentAnswers
from libs.common.web.paging import Listing, Page, Rendered
from libs.common.web.problems import problem, unexpected
from libs.common.web.query import Query, QueryReader
from libs.common.web.routes import ANSWER_HEADERS, ApiRequest, Route

log = structlog.get_logger()

Endpoint: TypeAlias = Callable[[web.BaseRequest, Mapping[str, str]], Awaitable[web.StreamResponse]]
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")
_FIRST_PAGE = Page()


class Endpoints:
    """Binds the routes of one service to its edge."""

    def __init__(
        self,
        service: str,
        access: Access,
        answers: IdempotentAnswers,
        telemetry: Telemetry,
        *,
        body_limit_bytes: int,
    ) -> None:
        self._service = service
        self._access = access
        self._answers = answers
        self._metrics = telemetry.metrics
        self._tracing = telemetry.tracing
        self._body_limit_bytes = body_limit_bytes

    def bind(self, route: Route) -> Endpoint:
        """What the dispatcher calls; it never raises but for a client that went away."""
        serve = self._serve_open if route.open else partial(self._serve, QueryReader(route))
        observe = self._metrics.http(self._service, f"{route.method} {route.path}")

        async def endpoint(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            started = time.perf_counter()
            request_id = request_id_of(request)
            try:
                response = await serve(route, request, parameters, request_id)
            except ServiceError as error:
                response = problem(error, request_id)
            except Exception as error:
                log.error("request.failed", path=request.path, request_id=request_id, exc_info=error)
                response = unexpected(request_id)
            if ANSWER_HEADERS in request:
                response.headers.update(request[ANSWER_HEADERS])
            observe(response.status, time.perf_counter() - started)
            return response

        return self._traced(endpoint, route) if self._tracing.enabled else endpoint

    def _traced(self, serve: Endpoint, route: Route) -> Endpoint:
        """Takes part in the caller's trace, or begins one."""
        name = f"{route.method} {route.path}"

        async def endpoint(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            with self._tracing.span(name, request.headers.get("traceparent"), kind="server"):
                return await serve(request, parameters)

        return endpoint

    async def _serve_open(
        self, route: Route, request: web.BaseRequest, parameters: Mapping[str, str], request_id: str
    ) -> web.StreamResponse:
        asked = ApiRequest(request, parameters, request_id, "", None, None, _FIRST_PAGE)
        return _answer(await route.handler(asked), route, request, request_id)

    async def _serve(
        self,
        reader: QueryReader,
        route: Route,
        request: web.BaseRequest,
        parameters: Mapping[str, str],
        request_id: str,
    ) -> web.StreamResponse:
        grant = await self._access.key(request)
        query = reader.of(request)
        body = await self._valid_body(query, route, request, grant.platform_id)
        user = await self._access.user(grant.platform_id, query.user_id) if query.user_id is not None else None
        asked = ApiRequest(request, parameters, request_id, grant.platform_id, user, body, query.page)
        key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
        if key is None:
            return _answer(await route.handler(asked), route, request, request_id)
        return await self._answers.once(
            key, asked, route, lambda: _answered(route, asked), key_id=grant.key_id, raw=await request.read()
        )

    async def _valid_body(
        self, query: Query, route: Route, request: web.BaseRequest, platform_id: str
    ) -> Body | object:
        """Raises Invalid with what is wrong with the query and with the body."""
        try:
            body = await self._body(route, request, platform_id)
        except Invalid as error:
            raise (_with_more(error, query.failures) if query.failures else error) from None
        if query.failures:
            raise invalid_request(query.failures)
        return body

    async def _body(self, route: Route, request: web.BaseRequest, platform_id: str) -> Body | object:
        if route.method in ("GET", "DELETE"):
            return None
        raw = await read_limited(request, self._body_limit_bytes)
        value = parse_json(raw, request.headers.get("Content-Type", ""))
        if too_deep(value):
            raise invalid("", "The body nests deeper than 100 levels.")
        return parse_body(route.body, value, platform_id, raw) if route.body is not None else value


def _with_more(error: Invalid, failures: Sequence[Detail]) -> Invalid:
    details = (*failures, *error.details)
    return invalid_request(details) if error.details else Invalid(error.code, error.message, details=details)


async def _answered(route: Route, asked: ApiRequest) -> web.Response:
    response = _answer(await route.handler(asked), route, asked.raw, asked.request_id)
    if not isinstance(response, web.Response):
        raise TypeError(f"{route.path} streams its answer and can't be idempotent")
    return response


def _answer(value: object, route: Route, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
    if isinstance(value, web.StreamResponse):
        value.headers["x-request-id"] = request_id
        return value
    headers = {"Content-Type": "application/json; charset=utf-8", "x-request-id": request_id}
    if isinstance(value, Listing):
        if value.next is not None:
            headers["Link"] = f'<{_next_page(request, value.next)}>; rel="next"'
        value = value.items
    body = value.json if isinstance(value, Rendered) else orjson.dumps(value)
    return web.Response(status=route.status, body=body, headers=headers)


def _next_page(request: web.BaseRequest, cursor: str) -> str:
    """The same path and query with another cursor, which needs no quoting."""
    asked = request.rel_url.raw_query_string.split("&")
    kept = [each for each in asked if each and not each.startswith("cursor=")]
    return f"{request.rel_url.raw_path}?{'&'.join([*kept, f'cursor={cursor}'])}"


async def read_limited(request: web.BaseRequest, limit_bytes: int) -> bytes:
    """The whole body. Raises TooLarge, Invalid; a chunked one is cut off at the application's own limit."""
    if request.content_length is not None and request.content_length > limit_bytes:
        raise _too_large(limit_bytes)
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large(limit_bytes) from None
    except (web.RequestPayloadError, ConnectionError):
        raise Invalid("unreadable_body", "The body broke off, or is not encoded as its headers say.") from None
    if len(raw) > limit_bytes:
        raise _too_large(limit_bytes)
    return raw


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge("body_too_large", f"The body is over the limit of {limit_bytes} bytes.")


def request_id_of(request: web.BaseRequest) -> str:
    """The caller's own request id where it is printable and short, else a new one."""
    given = request.headers.get("x-request-id")
    return given if given is not None and _REQUEST_ID.match(given) else new_id()
