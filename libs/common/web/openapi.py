"""The OpenAPI 3.1 document of the API, made from the route tables: what is asked, answered, and can go wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from libs.common.web.answers import Answered, answered_by
from libs.common.web.openapi_parts import (
    ABOUT,
    FAILURES,
    HEADERS,
    KEY_SCHEMES,
    OF_ANY_ANSWER,
    PAGING,
    PARAMETERS,
    PROBLEM,
    failures,
    ref,
)
from libs.common.web.routes import Route, User

Tables: TypeAlias = Sequence[tuple[str, Sequence[Route]]]
Object: TypeAlias = dict[str, Any]
_PARAMETER = re.compile(r"\{(\w+)\}")
_JSON = "application/json"
_PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class About:
    """What the tables don't say: `samples` are the examples by method and path, `named` says what is in a path."""

    version: str
    samples: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)


def openapi(tables: Iterable[tuple[str, Iterable[Route]]], about: About) -> Object:
    """`tables` are the services' names and routes; each name becomes a tag. Open routes take whatever is sent."""
    listed: Tables = [(service, [route for route in routes if not route.open]) for service, routes in tables]
    schemas = _Schemas(listed)
    paths: dict[str, Object] = {}
    for service, routes in listed:
        for route in routes:
            for method in ("PUT", "PATCH") if route.method == "PUT" else (route.method,):
                operation = _Operation(service, method, route, schemas, about).described()
                paths.setdefault(route.path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Interactor Engine", "version": about.version, "description": ABOUT},
        "tags": [{"name": service} for service, _ in listed],
        "security": [{scheme: []} for scheme in KEY_SCHEMES],
        "paths": paths,
        "components": {
            "securitySchemes": KEY_SCHEMES,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": {cls.__name__: _failure(cls.title, status) for status, cls in FAILURES.items()},
            "schemas": {**schemas.named, "Problem": PROBLEM},
        },
    }


class _Plain(GenerateJsonSchema):
    """Without titles, which repeat a member's name, and defaults: a member that is left out stays as it is."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> Any:
        return self.generate_inner(schema["schema"])


class _Schemas:
    """The schema of each body and answer; nested ones and those of one name are told apart."""

    def __init__(self, tables: Tables) -> None:
        routes = [route for _, routes in tables for route in routes]
        bodies = {_taken_by(route): None for route in routes if _taken_by(route) is not None}
        rows = {answered_by(route).row: None for route in routes}
        wanted = [(type_, "validation", TypeAdapter(type_)) for type_ in bodies]
        answers = [(type_, "serialization", TypeAdapter(type_)) for type_ in rows]
        self._refs, definitions = TypeAdapter.json_schemas(
            [*wanted, *answers],  # type: ignore[list-item]  # mypy takes the mode for any text
            schema_generator=_Plain,
            ref_template=ref("schemas", "{model}")["$ref"],
        )
        self.named: Object = definitions.get("$defs", {})

    def of_body(self, route: Route) -> Object:
        return self._refs[_taken_by(route), "validation"]

    def of_answer(self, answered: Answered) -> Object:
        row = self._refs[answered.row, "serialization"]
        return {"type": "array", "items": row} if answered.listed else row


class _Operation:
    """One operation, described."""

    def __init__(self, service: str, method: str, route: Route, schemas: _Schemas, about: About) -> None:
        self._service = service
        self._method = method
        self._route = route
        self._schemas = schemas
        self._about = about
        self._answered = answered_by(route)
        self._sample = about.samples.get((method, route.path), {})

    def described(self) -> Object:
        route = self._route
        operation: Object = {
            "operationId": operation_id(self._method, route, listed=self._answered.listed),
            "summary": route.summary,
            "tags": [self._service],
            "parameters": self._parameters(),
            "responses": {str(route.status): self._success(), **failures(route)},
        }
        if _taken_by(route) is not None:
            content = {"schema": self._schemas.of_body(route), **self._example("request")}
            operation["requestBody"] = {"content": {_JSON: content}}
        return operation

    def _parameters(self) -> list[Object]:
        route = self._route
        named = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} | self._said_of(name)
            for name in _PARAMETER.findall(route.path)
        ]
        asked = [
            {
                "name": each.name,
                "in": "query",
                "required": each.required,
                "description": each.description,
                "schema": dict(each.schema),
            }
            for each in route.query
        ]
        repeatable = ("IdempotencyKey",) if route.method == "POST" else ()
        user = "ActingUser" if route.user is User.REQUIRED else "User"
        shared = (*(PAGING if self._answered.listed else ()), "RequestId", *repeatable)
        return [*named, ref("parameters", user), *asked, *(ref("parameters", name) for name in shared)]

    def _said_of(self, name: str) -> Object:
        said = self._about.named.get(name)
        return {"description": said} if said else {}

    def _success(self) -> Object:
        names = OF_ANY_ANSWER | ({"Link": "Link"} if self._answered.listed else {})
        content = {"schema": self._schemas.of_answer(self._answered), **self._example("response")}
        return {
            "description": "Success",
            "headers": {header: ref("headers", name) for header, name in names.items()},
            "content": {_JSON: content},
        }

    def _example(self, part: str) -> Object:
        return {"example": self._sample[part]} if part in self._sample else {}


def _taken_by(route: Route) -> Any:
    return route.body or route.json_body


def operation_id(method: str, route: Route, *, listed: bool) -> str:
    """`listServiceActions`, `executeServiceAction`: a verb, which the path may end or begin with, then its nouns."""
    nouns = [segment for segment in route.path.split("/")[2:] if not segment.startswith("{")]
    if nouns[0] == "test":
        verb = nouns.pop(0)
    elif method == "POST" and (route.body is None or route.effect):
        verb = nouns.pop()
    elif method == "POST":
        verb = "create"
    else:
        verb = {"GET": "list" if listed else "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[method]
    if listed:
        nouns[-1] = nouns[-1].removesuffix("y") + ("ies" if nouns[-1].endswith("y") else "s")
    return verb + "".join(noun[0].upper() + noun[1:] for noun in nouns)


def _failure(title: str, status: int) -> Object:
    names = OF_ANY_ANSWER | ({"Retry-After": "RetryAfter"} if status in (409, 429, 503) else {})
    return {
        "description": title,
        "headers": {header: ref("headers", name) for header, name in names.items()},
        "content": {_PROBLEM_JSON: {"schema": ref("schemas", "Problem")}},
    }
