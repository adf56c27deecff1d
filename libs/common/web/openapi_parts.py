"""The parts of the OpenAPI document that are the same for every operation."""

from __future__ import annotations

from typing import Any

from libs.common.errors import BY_STATUS, ServiceError
from libs.common.web.paging import MAX_LIMIT
from libs.common.web.query import SAID_OF_USER
from libs.common.web.routes import Route

ABOUT = (
    "Members of a body may be sent in camelCase, as described here, or in snake_case; what the server owns "
    "(`insertedAt`, `createdBy`, …) may be sent back and is ignored; any other unknown member is refused, and so is "
    "an unknown or repeated parameter of a query. `PUT` and `PATCH` are the same operation: the given members replace "
    "the stored ones, the others stay. Lists answer a bare array, the next page is in the header `Link`. Every "
    "error is a problem as RFC 9457 describes it, with a stable `code`. Rows may gain members in later versions. "
    "Examples are those of the API reference 6.1.0."
)
KEY_SCHEMES = {
    "api_key": {"type": "apiKey", "in": "header", "name": "api_key"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong, and what to do about it. Some codes bring further members.",
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
            "description": "All failures of validation, each with its path.",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
                "required": ["path", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "error", "code", "requestId"],
}
_USER = {"name": "userId", "in": "query", "description": SAID_OF_USER, "schema": {"type": "string"}}
PAGING = ("Limit", "Cursor")
PARAMETERS: dict[str, Any] = {
    "ActingUser": {"required": True, **_USER},
    "User": {"required": False, **_USER},
    "Limit": {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "At most so many rows.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT},
    },
    "Cursor": {
        "name": "cursor",
        "in": "query",
        "required": False,
        "description": "Of the `Link` header of the page before.",
        "schema": {"type": "string"},
    },
    "RequestId": {
        "name": "x-request-id",
        "in": "header",
        "required": False,
        "description": "The caller's own id of this request: printable ASCII without spaces, at most 128 characters.",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same request again within 24 hours is answered as the first was, without doing it again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
}
HEADERS: dict[str, Any] = {
    "RequestId": {
        "description": "The caller's, or one of ours: the log has the request under it.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Link": {"description": 'The next page, `rel="next"`, where there is one.', "schema": {"type": "string"}},
    "RateLimit": {
        "description": "What is left of the key's rate, where it has a limit (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
    },
    "RateLimitPolicy": {"description": "The key's rate, where it has a limit.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds after which trying again may help.", "schema": {"type": "string"}},
}
FAILURES: dict[int, type[ServiceError]] = {ServiceError.status: ServiceError, **BY_STATUS}
OF_ANY_ANSWER = {"x-request-id": "RequestId", "RateLimit": "RateLimit", "RateLimit-Policy": "RateLimitPolicy"}
_ALWAYS = (400, 401, 404, 429, 500, 503)
_OF_A_CHANGE = (403, 409)
_OF_A_BODY = (413, 415)


def ref(part: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{part}/{name}"}


def failures(route: Route) -> dict[str, dict[str, str]]:
    """The problems that a route can answer, by status: unknown users are 404 everywhere."""
    changes = route.method != "GET"
    read = route.method in ("POST", "PUT")
    statuses = {*_ALWAYS, *(_OF_A_CHANGE if changes else ()), *(_OF_A_BODY if read else ()), *route.fails}
    return {str(status): ref("responses", FAILURES[status].__name__) for status in sorted(statuses)}
