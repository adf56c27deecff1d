"""The `http` node: one request, with the credential applied, and its answer as a value."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from libs.logic.charsets import body_text
from libs.logic.compiler import Compiler, Node
from libs.logic.errors import LogicError, Path
from libs.logic.http import (
    METHODS,
    body_value,
    complete_url,
    content_type,
    host_of,
    invalid_header,
    pairs_of,
    refused_host,
    sensitive_headers,
    text_of,
    without_query,
)
from libs.logic.nodes.references import missing_credential
from libs.logic.pieces import Constant, Evaluate, Piece, Waiting, as_evaluate
from libs.logic.scope import HttpRequest, HttpResponse, Scope

_BODIES = ("json", "form", "text", "body")
_OPTIONAL = ("query", "headers", *_BODIES, "timeout", "auth", "accept", "idempotencyKey")
_ERROR_BODY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class _Request:
    """A compiled `http` node."""

    path: Path
    method: Evaluate
    url: Evaluate
    query: Evaluate
    headers: Evaluate
    body_kind: str | None
    body: Evaluate
    idempotency_key: Evaluate
    timeout_s: float | None
    with_credential: bool
    accept: frozenset[int]


def compile_http(compiler: Compiler, node: Node, path: Path, depth: int) -> Piece:
    compiler.members(node, path, required=("method", "url"), optional=_OPTIONAL)
    with_credential = _auth(compiler, node, path)
    compiler.uses_credential |= with_credential
    body_kind = _body_kind(compiler, node, path)

    def member(name: str | None) -> Evaluate:
        return as_evaluate((name and compiler.member(node, name, path, depth)) or Constant(None))

    request = _Request(
        path=path,
        method=member("method"),
        url=member("url"),
        query=member("query"),
        headers=member("headers"),
        body_kind=body_kind,
        body=member(body_kind),
        idempotency_key=member("idempotencyKey"),
        timeout_s=_timeout_s(compiler, node, path),
        with_credential=with_credential,
        accept=_accept(compiler, node, path),
    )

    async def evaluate(scope: Scope) -> Any:
        try:
            return await _exchange(request, scope)
        except LogicError as error:
            raise error.at(path) from error.__cause__

    return Waiting(evaluate)


def _auth(compiler: Compiler, node: Node, path: Path) -> bool:
    if node.get("auth") not in (None, "none"):
        compiler.problem((*path, "auth"), "'auth' is 'none', or absent to apply the credential.")
    return node.get("auth") != "none"


def _body_kind(compiler: Compiler, node: Node, path: Path) -> str | None:
    given = [name for name in _BODIES if name in node]
    if len(given) > 1:
        compiler.problem(path, f"'http' takes one body, not {' and '.join(given)}.")
    return given[0] if given else None


def _timeout_s(compiler: Compiler, node: Node, path: Path) -> float | None:
    timeout_s = node.get("timeout")
    if timeout_s is None or (type(timeout_s) in (int, float) and timeout_s > 0):
        return timeout_s
    compiler.problem((*path, "timeout"), "'timeout' must be a number of seconds greater than 0.")
    return None


def _accept(compiler: Compiler, node: Node, path: Path) -> frozenset[int]:
    accept = node.get("accept", [])
    if isinstance(accept, list) and all(type(status) is int and 400 <= status <= 599 for status in accept):
        return frozenset(accept)
    compiler.problem((*path, "accept"), "'accept' must be a list of statuses from 400 to 599.")
    return frozenset()


async def _exchange(node: _Request, scope: Scope) -> dict[str, Any]:
    request = await _prepared(node, scope)
    scope.meter.call_http()
    response = await scope.host.http(request)
    if response.status >= 400 and response.status not in node.accept:
        raise _refused(request, response)
    body = body_value(response, scope.meter.take_data)
    return {"status": response.status, "headers": dict(response.headers), "body": body}


async def _prepared(node: _Request, scope: Scope) -> HttpRequest:
    method = _method(await node.method(scope), node.path)
    url = await node.url(scope)
    pairs = _pairs(await node.query(scope), (*node.path, "query"))
    headers = _joined(_pairs(await node.headers(scope), (*node.path, "headers")))
    content, body = _encoded(node.body_kind, await node.body(scope), node.path)
    key = await node.idempotency_key(scope)
    if key is not None:
        headers["Idempotency-Key"] = _text("idempotencyKey", key, node.path)
    if content is not None:
        _add_absent(headers, {"Content-Type": content})
    wrong = invalid_header(headers)
    if wrong is not None:
        raise _invalid("headers", f"'{wrong}' can't be sent as a header", node.path)
    url = _url(url, pairs, node.path)
    if node.with_credential:
        url = _with_credential(url, headers, scope)
    now_s = asyncio.get_running_loop().time()
    left_s = scope.meter.wall_left_s(now_s)
    return HttpRequest(
        method=method,
        url=url,
        on_data=scope.meter.take_data,
        headers=headers,
        body=body,
        timeout_s=min(node.timeout_s or left_s, left_s),
        max_bytes=scope.meter.budget.response_bytes,
        sensitive_headers=sensitive_headers(headers, scope.secret_texts()),
    )


def _with_credential(url: str, headers: dict[str, str], scope: Scope) -> str:
    """Applies the credential to the headers and answers the URL with it; what the author set stays."""
    credential = scope.credential
    if credential is None:
        if scope.credential_error is not None:
            raise missing_credential(scope)
        return url
    refusal = refused_host(credential, host_of(url))
    if refusal is not None:
        raise refusal
    _add_absent(headers, credential.headers)
    return complete_url(url, credential.query.items())


def _add_absent(headers: dict[str, str], added: Any) -> None:
    present = {name.lower() for name in headers}
    headers.update({name: value for name, value in added.items() if name.lower() not in present})


def _method(value: Any, path: Path) -> str:
    method = value.upper() if isinstance(value, str) else None
    if method in METHODS:
        return method
    raise _invalid("method", f"it must be one of {', '.join(METHODS)}", path)


def _url(value: Any, pairs: list[tuple[str, str]], path: Path) -> str:
    if not isinstance(value, str):
        raise _invalid("url", "it must be a text", path)
    try:
        return complete_url(value, pairs)
    except ValueError as error:
        raise _invalid("url", str(error), path) from None


def _pairs(value: Any, path: Path) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict):
        raise _invalid(str(path[-1]), "it must be an object", path[:-1])
    try:
        return pairs_of(value)
    except ValueError as error:
        raise _invalid(str(path[-1]), str(error), path[:-1]) from None


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Headers of the same name as one, which means the same (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _text(name: str, value: Any, path: Path) -> str:
    try:
        return text_of(name, value)
    except ValueError as error:
        raise _invalid(name, str(error), path) from None


def _encoded(kind: str | None, value: Any, path: Path) -> tuple[str | None, bytes | None]:
    """Content type and bytes of the body."""
    if kind is None:
        return None, None
    if kind == "json":
        return "application/json", orjson.dumps(value)
    if kind == "form":
        return "application/x-www-form-urlencoded", urlencode(_pairs(value, (*path, "form"))).encode()
    if not isinstance(value, str):
        raise _invalid(kind, "it must be a text", path)
    return ("text/plain; charset=utf-8" if kind == "text" else None), value.encode()


def _invalid(member: str, what: str, path: Path) -> LogicError:
    return LogicError("invalid_input", f"'{member}' of the request is not valid: {what}.", path=(*path, member))


def _refused(request: HttpRequest, response: HttpResponse) -> LogicError:
    _, charset = content_type(response.headers)
    return LogicError(
        "http_error",
        f"{request.method} {without_query(request.url)} was answered with {response.status}.",
        details={
            "status": response.status,
            "body": body_text(response.body[:_ERROR_BODY_BYTES], charset),
        },
    )
