"""Who asks between services: short-lived Ed25519-signed JWTs, each for one role, one owner and one call."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from libs.common.clock import Clock
from libs.common.contracts.calls import Call
from libs.common.errors import Forbidden, Unauthenticated
from libs.common.settings import SettingsRefused

_ALGORITHM = "EdDSA"
_LIFETIME = timedelta(seconds=60)
_REUSED_FOR = timedelta(seconds=30)
_CLOCK_SKEW_S = 5
_CLAIMS = ["iss", "aud", "call", "iat", "exp"]
REFUSED = "role_token_refused"
NOT_ALLOWED = "role_not_allowed"


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """A role's own key, and the public keys of the roles that it believes."""

    private: Ed25519PrivateKey = field(repr=False)
    public: Mapping[str, Ed25519PublicKey] = field(repr=False)

    @classmethod
    def parse(cls, private: str, public: str) -> RoleKeys:
        """From INTERNAL_PRIVATE_KEY (PEM or base64) and INTERNAL_PUBLIC_KEYS (`role=base64,…`), raw keys in base64.

        Raises SettingsRefused.
        """
        return cls(_parse_private(private.strip()), parse_public(public))

    @classmethod
    def generate(cls, roles: Iterable[str]) -> dict[str, RoleKeys]:
        """A new key for each role; all believe each other."""
        private = {role: Ed25519PrivateKey.generate() for role in roles}
        public = {role: key.public_key() for role, key in private.items()}
        return {role: cls(key, public) for role, key in private.items()}


def parse_public(text: str) -> dict[str, Ed25519PublicKey]:
    """From INTERNAL_PUBLIC_KEYS. Raises SettingsRefused."""
    return dict(map(_parse_public, filter(None, text.split(","))))


def _parse_private(text: str) -> Ed25519PrivateKey:
    try:
        if not text.startswith("-----"):
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise SettingsRefused(
        "INTERNAL_PRIVATE_KEY is no Ed25519 private key; give the 32 bytes in base64 or the unencrypted PEM, "
        "for example of `openssl genpkey -algorithm ed25519`."
    )


def _parse_public(entry: str) -> tuple[str, Ed25519PublicKey]:
    role, _, encoded = entry.strip().partition("=")
    try:
        return role, Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise SettingsRefused(
            f"INTERNAL_PUBLIC_KEYS: {role!r} has no Ed25519 public key; give `role=base64` of its 32 bytes."
        ) from None


class TokenSigner:
    """Signs as the first of its roles that may ask; all of them are known by one key.

    A token serves its call for half a minute, so that a busy caller seldom signs.
    """

    def __init__(self, roles: Sequence[str], key: Ed25519PrivateKey, clock: Clock) -> None:
        self._roles = roles
        self._key = key
        self._clock = clock
        self._signed: dict[tuple[str, str], tuple[datetime, str]] = {}

    def token(self, call: Call[Any, Any]) -> str:
        now = self._clock.now()
        signed = self._signed.get((call.owner, call.name))
        if signed is None or not signed[0] <= now < signed[0] + _REUSED_FOR:
            signed = self._signed[call.owner, call.name] = (now, self._sign(call, now))
        return signed[1]

    def _sign(self, call: Call[Any, Any], now: datetime) -> str:
        role = next((role for role in self._roles if role in call.callers), self._roles[0])
        claims = {"iss": role, "aud": call.owner, "call": call.name, "iat": now, "exp": now + _LIFETIME}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": role})


def authorize(authorization: str | None, call: Call[Any, Any], public: Mapping[str, Ed25519PublicKey]) -> str:
    """The role that asks. Raises Unauthenticated, or Forbidden for a role that `call` is not for."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated(REFUSED, "Internal calls need a role token: `Authorization: Bearer <token>`.")
    role = _verified_role(token, call, public)
    if role not in call.callers:
        raise Forbidden(NOT_ALLOWED, f"The role {role} may not call {call.name}.")
    return role


def _verified_role(token: str, call: Call[Any, Any], public: Mapping[str, Ed25519PublicKey]) -> str:
    try:
        role = str(jwt.get_unverified_header(token).get("kid"))
        if role not in public:
            raise Unauthenticated(REFUSED, "The role token is of a role whose public key is not known here.")
        claims = jwt.decode(
            token,
            public[role],
            algorithms=[_ALGORITHM],
            audience=call.owner,
            issuer=role,
            leeway=_CLOCK_SKEW_S,
            options={"require": _CLAIMS, "strict_aud": True},
        )
    except (jwt.InvalidTokenError, UnicodeError) as error:
        raise Unauthenticated(REFUSED, f"The role token does not hold: {error}.") from None
    if claims["call"] != call.name:
        raise Unauthenticated(REFUSED, f"The role token is not for {call.name}.")
    return role
