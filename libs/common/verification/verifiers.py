"""The ways in which providers sign: sans-I/O, failing closed, comparing in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


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
        expected = [_mac(secret.encode(), signed, self.algorithm) for secret in secrets]
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
        expected = [_mac(_key_of(secret), signed, "sha256") for secret in secrets]
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
        expected = [_mac(secret.encode(), signed, "sha256") for secret in secrets]
        signatures = [_decoded(value, "hex") for name, _, value in parts if name == "v1"]
        return any(signature is not None and _any_equal(signature, expected) for signature in signatures)


@dataclass(frozen=True, slots=True)
class Unverified:
    """Declared as `{"scheme": "none"}`: anybody who knows the URL is believed."""

    def verifies(self, request: SignedRequest, secrets: Sequence[str], now_s: float) -> bool:
        return True


def _mac(key: bytes, signed: bytes, algorithm: str) -> bytes:
    """Unlike `hmac.digest` it lets no other thread in for a short text, which costs more than the digest."""
    return hmac.new(key, signed, algorithm).digest()


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
