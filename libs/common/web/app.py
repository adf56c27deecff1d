"""One aiohttp application from any number of services' route tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiohttp import hdrs, web

from libs.common.errors import MethodNotAllowed, NotFound
from libs.common.web.endpoint import AiohttpHandler, Endpoints, request_id_of
from libs.common.web.problems import problem
from libs.common.web.routes import Route

API_PREFIX = "/v1"


@dataclass(frozen=True, slots=True)
class Mount:
    """A service's routes and the edge that binds them."""

    routes: Sequence[Route]
    endpoints: Endpoints


def build_app(
    mounts: Iterable[Mount], plain: Iterable[web.RouteDef] = (), *, largest_body_bytes: int
) -> web.Application:
    """`plain` routes (health, documentation) are mounted as they are. Whatever no route takes is a problem."""
    app = web.Application(client_max_size=largest_body_bytes)
    methods: dict[web.AbstractResource, set[str]] = {}
    for mount in mounts:
        for route in mount.routes:
            _add(app, route, mount.endpoints.bind(route), methods)
    app.add_routes(list(plain))
    app.router.add_route("*", "/{unmatched:.*}", _nothing_here(methods))
    return app


def _add(
    app: web.Application, route: Route, handler: AiohttpHandler, methods: dict[web.AbstractResource, set[str]]
) -> None:
    for method in ("PUT", "PATCH") if route.method == "PUT" else (route.method,):
        resource = app.router.add_route(method, route.path, handler).resource
        if resource is not None:
            methods.setdefault(resource, set()).add(method)


def _nothing_here(methods: dict[web.AbstractResource, set[str]]) -> AiohttpHandler:
    nouns = {part[2] for resource in methods if len(part := resource.canonical.split("/")) > 2}

    async def nothing_here(request: web.Request) -> web.StreamResponse:
        request_id = request_id_of(request)
        allowed = await _allowed(request, methods)
        if allowed:
            error = MethodNotAllowed("method_not_allowed", f"This path takes {', '.join(sorted(allowed))}.")
            response = problem(error, request_id)
            response.headers[hdrs.ALLOW] = ", ".join(sorted(allowed))
            return response
        parts = request.path.split("/")
        if len(parts) > 2 and f"/{parts[1]}" != API_PREFIX and parts[2] in nouns:
            return problem(NotFound("unknown_api_version", "The only version of this API is v1."), request_id)
        return problem(NotFound("not_found", "There is nothing at this path."), request_id)

    return nothing_here


async def _allowed(request: web.Request, methods: dict[web.AbstractResource, set[str]]) -> set[str]:
    allowed: set[str] = set()
    for resource, served in methods.items():
        _, matched = await resource.resolve(request)
        if matched:
            allowed |= served
    return allowed
