"""How a provider proves that a webhook is its own: declarations checked when an event is saved, verified at the edge.

Sans-I/O: headers, query and raw bytes in, a decision out. Everything fails closed and compares in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

_ALGORITHMS = ("sha1", "sha256", "sha512")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What was received; `headers` have lower-cased names, `body` is the raw bytes."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class Verifier(Protocol):
    """Decides whether a request is the provider's. `secrets` are the current one and, in a rotation, the old one."""

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Hmac:
    """An HMAC over `payload`, a template of `{body}` and `{timestamp}`, in a header."""

    algorithm: str
    header: str
    encoding: str = "hex"
    prefix: str = ""
    payload: str = "{body}"
    timestamp_header: str | None = None
    tolerance_s: int | None = None

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        given = request.headers.get(self.header, "")
        timestamp = request.headers.get(self.timestamp_header, "") if self.timestamp_header else ""
        if not given.startswith(self.prefix) or not self._fresh(timestamp, now_s):
            return False
        signature = _decoded(given[len(self.prefix) :], self.encoding)
        signed = self._signed(timestamp, request.body)
        expected = [hmac.digest(secret.encode(), signed, self.algorithm) for secret in secrets]
        return signature is not None and _any_equal(signature, expected)

    def _signed(self, timestamp: str, body: bytes) -> bytes:
        if self.payload == "{body}":
            return body
        before, _, after = self.payload.partition("{body}")
        return (before.replace("{timestamp}", timestamp).encode() + body) + after.replace(
            "{timestamp}", timestamp
        ).encode()

    def _fresh(self, timestamp: str, now_s: float) -> bool:
        if self.timestamp_header is None:
            return True
        return _fresh(timestamp, now_s, self.tolerance_s)


@dataclass(frozen=True, slots=True)
class Token:
    """The secret itself, in a header or a query parameter."""

    header: str | None = None
    query: str | None = None

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        given = request.headers.get(self.header) if self.header else request.query.get(self.query or "")
        if not given:
            return False
        return _any_equal(given.encode(), [secret.encode() for secret in secrets])


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic authentication (RFC 7617); the password is the secret, the user name is free."""

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        decoded = _decoded(encoded, "base64") if scheme.lower() == "basic" else None
        if decoded is None or b":" not in decoded:
            return False
        return _any_equal(decoded.partition(b":")[2], [secret.encode() for secret in secrets])


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """The Standard Webhooks specification (`spec/standard-webhooks.md`): HMAC-SHA256 over `id.timestamp.body`."""

    tolerance_s: int = 300

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        headers = request.headers
        id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not id or not _fresh(timestamp, now_s, self.tolerance_s):
            return False
        signed = f"{id}.{timestamp}.".encode() + request.body
        expected = [hmac.digest(_key_of(secret), signed, "sha256") for secret in secrets]
        for part in headers.get("webhook-signature", "").split(" "):
            version, _, encoded = part.partition(",")
            signature = _decoded(encoded, "base64") if version == "v1" else None
            if signature is not None and _any_equal(signature, expected):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Stripe:
    """Stripe's `t=…,v1=…` header (stripe.com/docs/webhooks#verify-manually)."""

    tolerance_s: int = 300

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        parts = [part.partition("=") for part in request.headers.get("stripe-signature", "").split(",")]
        timestamp = next((value for name, _, value in parts if name == "t"), "")
        if not _fresh(timestamp, now_s, self.tolerance_s):
            return False
        signed = f"{timestamp}.".encode() + request.body
        expected = [hmac.digest(secret.encode(), signed, "sha256") for secret in secrets]
        signatures = [_decoded(value, "hex") for name, _, value in parts if name == "v1"]
        return any(signature is not None and _any_equal(signature, expected) for signature in signatures)


@dataclass(frozen=True, slots=True)
class Unverified:
    """Declared as `{"scheme": "none"}`: anybody who knows the URL is believed."""

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider's own way, and where it puts the id of an event."""

    verifier: Verifier
    event_id: str | None = None


# Each as the provider's webhook documentation describes it.
PRESETS: dict[str, Preset] = {
    "github": Preset(Hmac("sha256", "x-hub-signature-256", prefix="sha256="), "header:x-github-delivery"),
    "gitlab": Preset(Token(header="x-gitlab-token"), "header:x-gitlab-event-uuid"),
    "stripe": Preset(Stripe(), "body:id"),
    "slack": Preset(
        Hmac(
            "sha256",
            "x-slack-signature",
            prefix="v0=",
            payload="v0:{timestamp}:{body}",
            timestamp_header="x-slack-request-timestamp",
            tolerance_s=300,
        ),
        "body:event_id",
    ),
    "shopify": Preset(Hmac("sha256", "x-shopify-hmac-sha256", encoding="base64"), "header:x-shopify-webhook-id"),
    "jira": Preset(Hmac("sha256", "x-hub-signature", prefix="sha256="), "header:x-atlassian-webhook-identifier"),
    "zendesk": Preset(
        Hmac(
            "sha256",
            "x-zendesk-webhook-signature",
            encoding="base64",
            payload="{timestamp}{body}",
            timestamp_header="x-zendesk-webhook-signature-timestamp",
        ),
        "header:x-zendesk-webhook-invocation-id",
    ),
    "google-channel": Preset(Token(header="x-goog-channel-token")),
    "standard-webhooks": Preset(StandardWebhooks(), "header:webhook-id"),
}


def preset_of(declaration: object) -> Preset:
    """What an event's `config.verify` declares. Raises ValueError with a sentence that says what is wrong."""
    if isinstance(declaration, str):
        if declaration not in PRESETS:
            raise ValueError(f"unknown preset {declaration!r}; known are {', '.join(sorted(PRESETS))}")
        return PRESETS[declaration]
    if not isinstance(declaration, dict):
        raise ValueError("must be the name of a preset, or an object with a scheme")
    scheme = declaration.get("scheme")
    if not isinstance(scheme, str) or scheme not in _SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(sorted(_SCHEMES))}")
    return Preset(_SCHEMES[scheme]({name: value for name, value in declaration.items() if name != "scheme"}))


def _hmac(members: dict[str, Any]) -> Verifier:
    _only(members, {"algorithm", "header", "encoding", "prefix", "payload", "timestampHeader", "tolerance"})
    algorithm, encoding = members.get("algorithm", "sha256"), members.get("encoding", "hex")
    payload = {"body": "{body}"}.get(members.get("payload", "body"), members.get("payload", ""))
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(_ALGORITHMS)}")
    if encoding not in ("hex", "base64"):
        raise ValueError("encoding must be hex or base64")
    if not isinstance(payload, str) or payload.count("{body}") != 1:
        raise ValueError("payload must be `body` or a template that holds {body} once")
    unknown = set(_PLACEHOLDER.findall(payload)) - {"body", "timestamp"}
    if unknown:
        raise ValueError(f"payload knows {{body}} and {{timestamp}}, not {{{unknown.pop()}}}")
    timestamp_header = _optional_header(members, "timestampHeader")
    if "{timestamp}" in payload and timestamp_header is None:
        raise ValueError("payload uses {timestamp}, so timestampHeader must name its header")
    return Hmac(
        algorithm,
        _header(members, "header"),
        encoding,
        _text(members, "prefix"),
        payload,
        timestamp_header,
        _tolerance(members),
    )


def _token(members: dict[str, Any]) -> Verifier:
    _only(members, {"header", "query"})
    if ("header" in members) == ("query" in members):
        raise ValueError("scheme token needs header or query, the place of the secret")
    if "header" in members:
        return Token(header=_header(members, "header"))
    if not isinstance(members["query"], str) or not members["query"]:
        raise ValueError("query must name a query parameter")
    return Token(query=members["query"])


def _plain(verifier: Verifier) -> Callable[[dict[str, Any]], Verifier]:
    def make(members: dict[str, Any]) -> Verifier:
        _only(members, set())
        return verifier

    return make


_SCHEMES: dict[str, Callable[[dict[str, Any]], Verifier]] = {
    "hmac": _hmac,
    "token": _token,
    "basic": _plain(Basic()),
    "standard-webhooks": _plain(StandardWebhooks()),
    "none": _plain(Unverified()),
}


def _only(members: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(members) - known)
    if unknown:
        raise ValueError(f"unknown member {unknown[0]!r}; known are {', '.join(sorted(known)) or 'none'}")


def _header(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must name a header")
    return value.lower()


def _optional_header(members: dict[str, Any], name: str) -> str | None:
    return _header(members, name) if name in members else None


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def _tolerance(members: dict[str, Any]) -> int | None:
    value = members.get("tolerance")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError("tolerance must be a whole number of seconds")
    return value


def _fresh(timestamp: str, now_s: float, tolerance_s: int | None) -> bool:
    """A timestamp in Unix seconds within the tolerance; one in another form has no age to judge."""
    if not timestamp:
        return False
    if tolerance_s is None:
        return True
    return timestamp.isascii() and timestamp.isdigit() and abs(now_s - int(timestamp[:15])) <= tolerance_s


def _decoded(text: str, encoding: str) -> bytes | None:
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None


def _key_of(secret: str) -> bytes:
    """The bytes behind a `whsec_` secret; any other text is its own bytes."""
    decoded = _decoded(secret.removeprefix("whsec_"), "base64") if secret.startswith("whsec_") else None
    return decoded if decoded is not None else secret.encode()


def _any_equal(given: bytes, expected: Sequence[bytes]) -> bool:
    """Compares with every one of them, so that the time does not tell which."""
    found = False
    for each in expected:
        found |= hmac.compare_digest(given, each)
    return found


def body_hash(body: bytes) -> str:
    """The identity of an event whose declaration says `body-hash`."""
    return hashlib.sha256(body).hexdigest()
