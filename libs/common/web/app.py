"""One dispatcher from any number of services' route tables, and the HTTP server in front of it.

aiohttp's low-level server is used as it documents it: its own router tries routes one after the other and would
cost a fifth of a short request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote

from aiohttp import hdrs, web
from aiohttp.http import HttpProcessingError

from libs.common.errors import Invalid, MethodNotAllowed, NotFound
from libs.common.ids import new_id
from libs.common.web.endpoint import Endpoint, Endpoints, request_id_of
from libs.common.web.health import starting
from libs.common.web.problems import problem
from libs.common.web.routes import Route

Serve: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
API_PREFIX = "v1"
_ANY = "*"
_NO_PARAMETERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Mount:
    """A service's routes and the edge that binds them."""

    routes: Sequence[Route]
    endpoints: Endpoints


@dataclass(slots=True)
class _Node:
    """One segment of the paths that share it."""

    literal: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    endpoints: dict[str, tuple[Endpoint, tuple[str, ...]]] = field(default_factory=dict)


class Dispatcher:
    """Finds the route of a request by its path's segments; whatever no route takes is a problem."""

    def __init__(self, mounts: Iterable[Mount], plain: Iterable[web.RouteDef] = ()) -> None:
        """`plain` routes (health, documentation) are called as they are."""
        self._root = _Node()
        self._nouns: set[str] = set()
        for mount in mounts:
            for route in mount.routes:
                self._nouns.add(route.path.split("/")[2])
                for method in ("PUT", "PATCH") if route.method == "PUT" else (route.method,):
                    self._add(method, route.path, mount.endpoints.bind(route))
        for each in plain:
            self._add(each.method, each.path, _plain(each.handler))

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        node, values = self._find(request.rel_url.raw_path)
        if node is None or not node.endpoints:
            return self._nothing_here(request)
        found = node.endpoints.get(request.method) or node.endpoints.get(_ANY)
        if found is None and request.method == hdrs.METH_HEAD:
            found = node.endpoints.get(hdrs.METH_GET)
        if found is None:
            return _not_allowed(request, node.endpoints)
        endpoint, names = found
        return await endpoint(request, dict(zip(names, values, strict=True)) if names else _NO_PARAMETERS)

    def _add(self, method: str, path: str, endpoint: Endpoint) -> None:
        node, names = self._root, []
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.literal.setdefault(segment, _Node())
        if method in node.endpoints:
            raise ValueError(f"{method} {path} is served twice")
        node.endpoints[method] = (endpoint, tuple(names))

    def _find(self, raw_path: str) -> tuple[_Node | None, list[str]]:
        """A literal segment goes before a parameter, and no path is walked twice; values are decoded."""
        node: _Node | None = self._root
        values: list[str] = []
        for segment in raw_path.split("/")[1:]:
            if node is None:
                break
            following = node.literal.get(segment)
            if following is None and segment:
                following = node.parameter
                values.append(unquote(segment) if "%" in segment else segment)
            node = following
        return node, values

    def _nothing_here(self, request: web.BaseRequest) -> web.Response:
        parts = request.path.split("/")
        if len(parts) > 2 and parts[1] != API_PREFIX and parts[2] in self._nouns:
            error = NotFound("unknown_api_version", "The only version of this API is v1.")
        else:
            error = NotFound("not_found", "There is nothing at this path.")
        return problem(error, request_id_of(request))


class Entrance:
    """What a server calls from its first moment on: until it is opened, health alone is served."""

    def __init__(self, health: Iterable[web.RouteDef], *, largest_body_bytes: int) -> None:
        """To be made where the event loop of the server runs."""
        plain = list(health)
        self._health = Dispatcher([], plain)
        self._health_paths = {route.path for route in plain}
        self._application: Serve | None = None
        self.server = server_of(self._serve, largest_body_bytes=largest_body_bytes)

    def open(self, application: Serve) -> None:
        """From now on connections are made with the application itself: nothing stands before it."""
        self._application = application
        self.server.request_handler = application

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """On a connection from before; it ends with this answer, so that none keeps the detour."""
        response = await (self._application or self._early)(request)
        response.force_close()
        return response

    async def _early(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path in self._health_paths:
            return await self._health(request)
        return problem(starting(), request_id_of(request))


class _Protocol(web.RequestHandler):
    """A connection. What is no HTTP is a problem, too, and is not logged: aiohttp would log a header with its value."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        response = problem(Invalid("malformed_http", "The request is not well-formed HTTP."), new_id())
        response.force_close()
        return response


class _Server(web.Server):
    """Makes the connections."""

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


def server_of(application: Serve, *, largest_body_bytes: int) -> web.Server:
    """The server, to be made where its event loop runs."""
    loop = asyncio.get_running_loop()

    def request_of(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=largest_body_bytes)

    return _Server(application, request_factory=request_of, access_log=None)


def _plain(handler: Any) -> Endpoint:
    async def endpoint(request: web.BaseRequest, _parameters: Mapping[str, str]) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        return response

    return endpoint


def _not_allowed(request: web.BaseRequest, served: Iterable[str]) -> web.Response:
    allowed = ", ".join(sorted(served))
    response = problem(MethodNotAllowed("method_not_allowed", f"This path takes {allowed}."), request_id_of(request))
    response.headers[hdrs.ALLOW] = allowed
    return response
