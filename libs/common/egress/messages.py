"""What is sent and what comes back: header rules, redirects, the answer; values in, values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from multidict import CIMultiDictProxy
from yarl import URL

from libs.common.egress.errors import EgressFailed

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection"}
    | {"te", "trailer", "upgrade", "expect"}
)
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_OF_THE_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location"})


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """Header names are in lower case, repeated ones joined by a comma; the body is decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of the chain that redirects make."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None
    downgraded: bool = False
    """Whether a redirect took the chain from https to http."""


Admit: TypeAlias = Callable[[Hop], None]


def check_request(method: str, headers: Mapping[str, str]) -> None:
    """Raises EgressFailed for what could smuggle a second request or breaks the framing that the client decides."""
    _check_method(method)
    for name, value in headers.items():
        _check_header_name(name)
        if _CONTROL.search(value) is not None:
            raise EgressFailed(
                "invalid_request", f"The header {name} must not contain line breaks or control characters."
            )


@lru_cache(maxsize=64)
def _check_method(method: str) -> None:
    if _TOKEN.fullmatch(method) is None or method.upper() in _REFUSED_METHODS:
        raise EgressFailed("invalid_request", f"{method[:20]!r} is not a method that can be requested.")


@lru_cache(maxsize=1024)
def _check_header_name(name: str) -> None:
    if _TOKEN.fullmatch(name) is None:
        raise EgressFailed("invalid_request", f"{name[:100]!r} is not a header name.")
    if name.lower() in _OWN_HEADERS:
        raise EgressFailed("invalid_request", f"The header {name} is set by the client itself; leave it out.")


def joined_headers(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, escaped in headers.items():
        key, value = name.lower(), _unescaped(escaped)
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _unescaped(value: str) -> str:
    """What isn't UTF-8 is Latin-1, as in old HTTP; aiohttp leaves such bytes as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def redirect_target(answer: EgressResponse) -> str | None:
    return answer.headers.get("location") if answer.status in _REDIRECTS else None


def redirected(hop: Hop, status: int, target: URL, sensitive_headers: frozenset[str]) -> Hop:
    """The next request, as browsers make it; another origin gets no credentials, and a later one none either."""
    method, body, dropped = hop.method, hop.body, frozenset[str]()
    if (status == 303 and method.upper() != "HEAD") or (status in (301, 302) and method.upper() == "POST"):
        method, body, dropped = "GET", None, _OF_THE_BODY
    if _origin(target) != _origin(hop.url):
        dropped |= _CREDENTIALS | {name.lower() for name in sensitive_headers}
    headers = {name: value for name, value in hop.headers.items() if name.lower() not in dropped}
    downgraded = hop.downgraded or (hop.url.scheme, target.scheme) == ("https", "http")
    return Hop(method, target, headers, body, downgraded)


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.raw_host, url.port
