"""HTTP as logic speaks it: complete URLs, query pairs from JSON, and bodies as JSON values."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from yarl import URL

from libs.logic.charsets import body_text, decoded
from libs.logic.errors import LogicError
from libs.logic.scope import Credential, HttpResponse
from libs.logic.values import container_bytes, parse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# Everything RFC 3986 lets stand in a URL, and % for what is encoded already.
_URL_SAFE = "%/:?#[]@!$&'()*+,;=-._~"

_HOST = re.compile(r"(?P<scheme>https?://)(?P<host>[^/?#\\@:\[\]]+)(?=[/?#:]|\Z)", re.IGNORECASE)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_ALWAYS_SENSITIVE = frozenset({"authorization", "cookie", "proxy-authorization"})


def complete_url(url: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """The URL encoded and with the pairs added to its query; ValueError unless it is an absolute http URL."""
    parts = urlsplit(quote(_with_ascii_host(url.strip()), safe=_URL_SAFE))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the URL must start with http:// or https:// and name a host")
    query = "&".join(text for text in (parts.query, urlencode(list(pairs))) if text)
    return parts._replace(query=query, fragment="", path=parts.path or "/").geturl()


def _with_ascii_host(url: str) -> str:
    """A host of another script as name servers know it; what can't be one is left as it is, for egress to refuse."""
    found = None if url.isascii() else _HOST.match(url)
    if found is None:
        return url
    try:
        host = URL.build(scheme="http", host=found["host"]).raw_host
    except ValueError:
        return url
    return f"{found['scheme']}{host}{url[found.end() :]}"


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def without_query(url: str) -> str:
    """What a message may tell of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def pairs_of(members: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and text of each member, a list's elements one by one, without nulls; ValueError for an object."""
    pairs = []
    for name, value in members.items():
        for element in value if isinstance(value, list) else [value]:
            if element is not None:
                pairs.append((name, text_of(name, element)))
    return pairs


def text_of(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"'{name}' must be a text, a number or true or false")


def invalid_header(headers: Mapping[str, str]) -> str | None:
    """The name of a header that can't be sent as RFC 9110 wants it."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            return name
    return None


def refused_host(credential: Credential, host: str) -> LogicError | None:
    """The error to raise when this credential may not be sent to this host."""
    if credential.may_go_to(host):
        return None
    allowed = ", ".join(credential.hosts or ()) or "no host"
    return LogicError(
        "egress_denied",
        f"The credential may only be sent to {allowed}, not to {host}: add the host to 'apply.hosts' of the "
        "service's security, or set 'auth' to 'none'.",
        details={"rule": "apply.hosts", "host": host},
    )


def sensitive_headers(headers: Mapping[str, str], secrets: set[str]) -> frozenset[str]:
    """Lower-case names of the headers that carry a secret."""
    carrying = {name.lower() for name, value in headers.items() if any(secret in value for secret in secrets)}
    return _ALWAYS_SENSITIVE | carrying


def body_value(response: HttpResponse, take_data: Callable[[int], None]) -> Any:
    """JSON as its value, text as text, anything else as `{"base64": …}`, nothing as null.

    `take_data` is told what JSON will take in memory beyond its text, and may raise to prevent it.
    """
    if not response.body:
        return None
    kind, charset = content_type(response.headers)
    if kind == "application/json" or kind.endswith("+json"):
        take_data(container_bytes(response.body))
        try:
            return parse(response.body)
        except ValueError:
            return body_text(response.body, charset)
    text = decoded(response.body, charset)
    if text is None and kind.startswith("text/"):
        return body_text(response.body, charset)
    return text if text is not None else {"base64": base64.b64encode(response.body).decode()}


def content_type(headers: Mapping[str, str]) -> tuple[str, str]:
    """Media type in lower case, and charset."""
    kind, _, parameters = headers.get("content-type", "").partition(";")
    charset = "utf-8"
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            charset = value.strip().strip('"')
    return kind.strip().lower(), charset
