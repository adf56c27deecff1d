"""`jwt.*`: JSON Web Tokens in compact form (RFC 7515, 7519), read, signed and verified."""

from __future__ import annotations

import re
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Annotated, Any

import orjson

from libs.logic.core.jwt_keys import ALGORITHMS, read_key
from libs.logic.core.octets import encoded
from libs.logic.core.registry import Integer, Library, Object, Text, Type, Unfit, list_of, one_of
from libs.logic.values import exceeds, parse

functions = Library()

_LARGE_BYTES = 16 << 10
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
# Shorter ones are secrets, keys of curves or public; a private key of RSA takes milliseconds.
_SHORT_KEY_BYTES = 700
_REASONS = ("malformed", "algorithm", "signature", "expired", "not-yet-valid", "audience", "issuer")
_PARTS = {"type": "object", "properties": {"header": {"type": "object"}, "payload": {"type": "object"}}}


def _key(value: Any) -> Any:
    if type(value) not in {str, dict}:
        raise ValueError
    return value


Token = Annotated[Text, "The token, three parts with dots between them."]
Key = Annotated[
    Any,
    Type({}, "a text or a JWK", _key),
    "The key: a secret for HS256, HS384 and HS512; or RSA's for RS256 and PS256 and their kin; or one of the curves "
    "P-256, P-384 and P-521 for ES256, ES384 and ES512. A secret is a text; the others are PEM, also of a certificate. "
    "Each may be a JWK, as an object or a text, and so may a secret whose bytes are no text (kty oct).",
]


@dataclass(frozen=True, slots=True)
class _Parts:
    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def _has_long_key(source: Any) -> bool:
    return type(source) is dict and exceeds(source.get("key"), _SHORT_KEY_BYTES)


@functions.action("jwt.decode", "Read token", output=_PARTS, large_bytes=_LARGE_BYTES)
def decode(token: Token) -> dict[str, Any]:
    """The header and payload of a JSON Web Token. The signature is not verified: anybody may have written it."""
    parts = _split(token)
    if parts is None:
        raise Unfit("token", "must be a JSON Web Token: header, payload and signature with dots between them")
    return {"header": parts.header, "payload": parts.payload}


@functions.action("jwt.sign", "Sign token", output={"type": "string"}, large_bytes=_LARGE_BYTES, heavy=_has_long_key)
def sign(
    payload: Annotated[Object, "The claims, such as sub, iat and exp (in seconds since 1970); nothing is added."],
    key: Key,
    algorithm: Annotated[str, one_of(*ALGORITHMS), "How to sign; by default what the key is for, of several SHA-256."]
    | None = None,
    header: Annotated[Object, "What the header has besides alg and typ, such as kid."] | None = None,
) -> str:
    """Makes a JSON Web Token: a payload that is signed, not encrypted."""
    read = read_key(key)
    if read.private is None:
        raise Unfit("key", "must be a private key, which alone can sign")
    algorithm = algorithm or read.algorithms[0]
    if algorithm not in read.algorithms:
        raise Unfit("algorithm", f"must be one that the key is for: {', '.join(read.algorithms)}")
    if header and "alg" in header:
        raise Unfit("header", "must not have 'alg', which is the algorithm's place")
    told = {"alg": algorithm, "typ": "JWT"} | (header or {})
    message = f"{_segment('header', told)}.{_segment('payload', payload)}"
    return f"{message}.{encoded(read.sign(algorithm, message.encode()), 'base64url')}"


@functions.action(
    "jwt.verify",
    "Verify token",
    output={
        "type": "object",
        "properties": {
            "valid": {"type": "boolean"},
            "payload": {"type": ["object", "null"]},
            "reason": {"enum": [None, *_REASONS]},
        },
    },
    large_bytes=_LARGE_BYTES,
    heavy=_has_long_key,
)
def verify(
    token: Token,
    key: Key,
    algorithms: Annotated[
        list[str],
        list_of(one_of(*ALGORITHMS), f"an array of {', '.join(ALGORITHMS)}"),
        "Which algorithms are allowed; by default those that the key is for, never none.",
    ]
    | None = None,
    audience: Annotated[Text, "What aud must be or hold; by default aud isn't looked at."] | None = None,
    issuer: Annotated[Text, "What iss must be; by default iss isn't looked at."] | None = None,
    leeway: Annotated[Integer, "How many seconds the clocks may differ."] = 0,
) -> dict[str, Any]:
    """Whether a token was signed with this key and is valid now by its exp and nbf, and its payload if so.

    If not, `valid` is false, `payload` null and `reason` tells why: malformed, algorithm, signature, expired,
    not-yet-valid, audience or issuer. Only a key that can't be used is an error.
    """
    read = read_key(key)
    allowed = [each for each in read.algorithms if algorithms is None or each in algorithms]
    if not allowed:
        raise Unfit("algorithms", f"must have one that the key is for: {', '.join(read.algorithms)}")
    parts = _split(token)
    if parts is None or "crit" in parts.header:
        return _invalid("malformed")
    algorithm = str(parts.header.get("alg"))
    if algorithm not in allowed:
        return _invalid("algorithm")
    if not read.verifies(algorithm, parts.signed, parts.signature):
        return _invalid("signature")
    reason = _wrong_claim(parts.payload, audience, issuer, leeway)
    return {"valid": True, "payload": parts.payload, "reason": None} if reason is None else _invalid(reason)


def _invalid(reason: str) -> dict[str, Any]:
    return {"valid": False, "payload": None, "reason": reason}


def _wrong_claim(payload: dict[str, Any], audience: str | None, issuer: str | None, leeway: int) -> str | None:
    now_s = time.time()
    expires, begins = payload.get("exp"), payload.get("nbf")
    if any(type(claim) not in {int, float, type(None)} for claim in (expires, begins)):
        return "malformed"
    if expires is not None and now_s >= expires + leeway:
        return "expired"
    if begins is not None and now_s < begins - leeway:
        return "not-yet-valid"
    told = payload.get("aud")
    if audience is not None and audience not in (told if type(told) is list else [told]):
        return "audience"
    return "issuer" if issuer is not None and payload.get("iss") != issuer else None


def _split(token: str) -> _Parts | None:
    segments = token.split(".")
    if len(segments) != 3 or not all(map(_SEGMENT.fullmatch, segments[:2])) or not _is_segment(segments[2]):
        return None
    try:
        header, payload, signature = (urlsafe_b64decode(segment + "=" * (-len(segment) % 4)) for segment in segments)
        told, claims = parse(header), parse(payload)
    except ValueError:
        return None
    if type(told) is not dict or type(claims) is not dict:
        return None
    return _Parts(told, claims, f"{segments[0]}.{segments[1]}".encode(), signature)


def _is_segment(signature: str) -> bool:
    """Of a token that isn't signed the signature is empty."""
    return not signature or _SEGMENT.fullmatch(signature) is not None


def _segment(parameter: str, value: dict[str, Any]) -> str:
    try:
        return encoded(orjson.dumps(value), "base64url")
    except TypeError:
        raise Unfit(parameter, "has a text or number that JSON can't hold") from None
