"""The API's documentation, made from the route tables: an OpenAPI 3.1 document and a page that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web

from libs.common.web.routes import Route, User

_PARAMETER = re.compile(r"\{(\w+)\}")
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["title", "status", "error", "code", "requestId"],
}


def openapi(tables: Iterable[tuple[str, Iterable[Route]]], version: str) -> dict[str, Any]:
    """`tables` are the services' names and routes; each name becomes a tag."""
    paths: dict[str, dict[str, Any]] = {}
    for service, routes in tables:
        for route in routes:
            if route.method != "*":
                paths.setdefault(route.path, {})[route.method.lower()] = _operation(service, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Interactor Engine", "version": version},
        "security": [{"api_key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"api_key": {"type": "apiKey", "in": "header", "name": "api_key"}},
            "schemas": {"Problem": _PROBLEM},
        },
    }


def _operation(service: str, route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": [service],
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {"description": "Success", "content": {"application/json": {"schema": {}}}},
            "default": {
                "description": "Any error",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if route.body is not None:
        schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    elif route.json_body:
        operation["requestBody"] = {"content": {"application/json": {"schema": {}}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    user = {"name": "userId", "in": "query", "required": route.user is User.REQUIRED, "schema": {"type": "string"}}
    return [*named, user]


def docs_routes(document: dict[str, Any]) -> list[web.RouteDef]:
    """`GET /openapi.json` and `GET /docs`; both rendered once."""
    encoded = orjson.dumps(document)
    page = files("libs.common.web").joinpath("docs.html").read_bytes()

    async def as_json(_request: web.Request) -> web.Response:
        return web.Response(body=encoded, content_type="application/json")

    async def as_page(_request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'"}
        headers["Content-Security-Policy"] += " 'unsafe-inline'; connect-src 'self'"
        return web.Response(body=page, content_type="text/html", charset="utf-8", headers=headers)

    return [web.get("/openapi.json", as_json), web.get("/docs", as_page)]
