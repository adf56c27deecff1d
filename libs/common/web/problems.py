"""Errors as RFC 9457 `application/problem+json`, the one place where they are rendered."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from libs.common.errors import ServiceError

_TYPE = "application/problem+json"


def problem_body(error: ServiceError, request_id: str) -> dict[str, Any]:
    """RFC 9457's members, and `error`, `code`, `requestId`, `details` as older clients read them."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "error": error.message,
        "code": error.code,
        "requestId": request_id,
        **error.extra,
    }
    if error.details:
        body["details"] = [{"path": each.path, "message": each.message} for each in error.details]
    return body


def problem(error: ServiceError, request_id: str) -> web.Response:
    """The answer for an error; `Retry-After` where trying again may help."""
    headers = {"Content-Type": _TYPE, "x-request-id": request_id}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return web.Response(status=error.status, body=orjson.dumps(problem_body(error, request_id)), headers=headers)


def unexpected(request_id: str) -> web.Response:
    """What a caller learns of a fault of ours: the id to find it in the log."""
    error = ServiceError("internal_error", f"Something went wrong on our side; the log has it under {request_id}.")
    return problem(error, request_id)
