"""What a script asks of the host: requests that it makes with `$.axios` or `fetch`, and long digests."""

import asyncio
import base64
from http import HTTPStatus
from typing import Any

from libs.logic.charsets import body_text, decoded
from libs.logic.errors import LogicError
from libs.logic.http import METHODS, complete_url, content_type, invalid_header, sensitive_headers
from libs.logic.scope import HttpRequest, HttpResponse, Scope
from libs.logic.script_digests import digest

_MOST_REDIRECTS = 5


async def send(call: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """The answer to one request as the script's library reads it; raises LogicError.

    Nothing in `call` is trusted: the script may have put it together itself.
    """
    if "hash" in call:
        return await digest(call, scope.meter)
    now_s = asyncio.get_running_loop().time()
    request = _request(call, scope, scope.meter.wall_left_s(now_s))
    return _answer(request, await scope.host.http(request))


def _request(call: dict[str, Any], scope: Scope, left_s: float) -> HttpRequest:
    headers = _headers(call.get("headers"))
    return HttpRequest(
        method=_method(call.get("method")),
        url=_url(call.get("url")),
        on_data=scope.meter.take_data,
        headers=headers,
        body=_body(call),
        timeout_s=_timeout_s(call.get("timeout"), left_s),
        max_bytes=scope.meter.budget.response_bytes,
        max_redirects=_max_redirects(call.get("maxRedirects")),
        sensitive_headers=sensitive_headers(headers, scope.secret_texts()),
    )


def _method(value: Any) -> str:
    if value in METHODS:
        return str(value)
    raise _invalid(f"the method must be one of {', '.join(METHODS)}")


def _url(value: Any) -> str:
    try:
        return complete_url(value if isinstance(value, str) else "")
    except ValueError as error:
        raise _invalid(str(error)) from None


def _headers(value: Any) -> dict[str, str]:
    headers = value if isinstance(value, dict) else {}
    named = {str(name): str(text) for name, text in headers.items()}
    wrong = invalid_header(named)
    if wrong is not None:
        raise _invalid(f"the header '{wrong}' is not valid")
    return named


def _body(call: dict[str, Any]) -> bytes | None:
    text, encoded = call.get("text"), call.get("base64")
    if isinstance(text, str):
        return text.encode("utf-8", "replace")
    if not isinstance(encoded, str):
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise _invalid("the body is not base64") from None


def _timeout_s(value: Any, left_s: float) -> float:
    """What the script set in milliseconds, within what is left."""
    if isinstance(value, int | float) and value > 0:
        return min(value / 1000, left_s)
    return left_s


def _max_redirects(value: Any) -> int:
    if isinstance(value, int) and 0 <= value <= _MOST_REDIRECTS:
        return value
    return _MOST_REDIRECTS


def _invalid(what: str) -> LogicError:
    return LogicError("invalid_input", f"The script's request is not valid: {what}.")


def _answer(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "status": response.status,
        "statusText": _reason(response.status),
        "headers": dict(response.headers),
        "url": response.url or request.url,
        "redirected": response.url not in ("", request.url),
    }
    text = decoded(response.body, "utf-8")
    if text is not None:
        return answer | {"text": text}
    _, charset = content_type(response.headers)
    encoded = base64.b64encode(response.body).decode()
    return answer | {"text": body_text(response.body, charset), "base64": encoded}


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
