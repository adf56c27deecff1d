"""The API's documentation, made from the route tables: an OpenAPI 3.1 document and a page that shows it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from typing import Any, get_type_hints

import orjson
from aiohttp import web
from pydantic.json_schema import models_json_schema

from libs.common.web.body import Body
from libs.common.web.paging import MAX_LIMIT, Listing
from libs.common.web.routes import Route, User

Tables = Sequence[tuple[str, Sequence[Route]]]
_PARAMETER = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{model}"
_ABOUT = (
    "Members of a body may be sent in camelCase or in snake_case. `PUT` and `PATCH` are the same operation: the "
    "given members replace the stored ones, the others stay. Any `POST` takes an `Idempotency-Key`."
)
_KEY_SCHEMES = {
    "api_key": {"type": "apiKey", "in": "header", "name": "api_key"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "One sentence, the same as `detail`."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "requestId": {"type": "string"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
                "required": ["path", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "error", "code", "requestId"],
}
_PAGING = (
    {
        "name": "limit",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "required": False,
        "description": "Of the `Link` header of the page before.",
        "schema": {"type": "string"},
    },
)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def openapi(tables: Iterable[tuple[str, Iterable[Route]]], version: str) -> dict[str, Any]:
    """`tables` are the services' names and routes; each name becomes a tag."""
    listed: Tables = [(service, [route for route in routes if route.method != "*"]) for service, routes in tables]
    refs, schemas = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for service, routes in listed:
        for route in routes:
            methods = ("put", "patch") if route.method == "PUT" else (route.method.lower(),)
            paths.setdefault(route.path, {}).update(dict.fromkeys(methods, _operation(service, route, refs)))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Interactor Engine", "version": version, "description": _ABOUT},
        "tags": [{"name": service} for service, _ in listed],
        "security": [{scheme: []} for scheme in _KEY_SCHEMES],
        "paths": paths,
        "components": {"securitySchemes": _KEY_SCHEMES, "schemas": {**schemas, "Problem": _PROBLEM}},
    }


def _schemas(tables: Tables) -> tuple[dict[type[Body], dict[str, Any]], dict[str, Any]]:
    """The reference to each body's schema, and all schemas by name, nested ones and those of one name told apart."""
    bodies = {route.body: None for _, routes in tables for route in routes if route.body is not None}
    refs, definitions = models_json_schema([(body, "validation") for body in bodies], ref_template=_REF)
    return {body: refs[body, "validation"] for body in bodies}, definitions.get("$defs", {})


def _operation(service: str, route: Route, refs: dict[type[Body], dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": [service],
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {"description": "Success", "content": {"application/json": {"schema": {}}}},
            "default": {
                "description": "Any error",
                "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
            },
        },
    }
    if route.body is not None or route.json_body:
        schema = {} if route.body is None else refs[route.body]
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    if route.open:
        operation["security"] = []
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.open:
        return named
    user = {"name": "userId", "in": "query", "required": route.user is User.REQUIRED, "schema": {"type": "string"}}
    is_list = get_type_hints(route.handler).get("return") is Listing
    return [*named, user, *(_PAGING if is_list else ())]


def docs_routes(document: Callable[[], dict[str, Any]]) -> list[web.RouteDef]:
    """`GET /openapi.json` and `GET /docs`; the document is made when it is first asked for, in a thread."""
    page = files("libs.common.web").joinpath("docs.html").read_text()
    headers = {"Content-Security-Policy": _policy(page), "X-Content-Type-Options": "nosniff"}
    rendering: list[asyncio.Task[bytes]] = []

    async def as_json(_request: web.Request) -> web.Response:
        if not rendering:
            rendering.append(asyncio.create_task(asyncio.to_thread(lambda: orjson.dumps(document()))))
        return web.Response(body=await asyncio.shield(rendering[0]), content_type="application/json")

    async def as_page(_request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", charset="utf-8", headers=headers)

    return [web.get("/openapi.json", as_json), web.get("/docs", as_page)]


def _policy(page: str) -> str:
    """Nothing but the page's own script and style, by their hashes, and the document from this very server."""
    script, style = (_hashes(tag.findall(page)) for tag in (_SCRIPT, _STYLE))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hashes(contents: Iterable[str]) -> str:
    digests = (hashlib.sha256(content.encode()).digest() for content in contents)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
