"""Keys of JSON Web Tokens: a secret, PEM or a JWK, and which algorithms each of them is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import Algorithm, ECAlgorithm, RSAAlgorithm, get_default_algorithms
from jwt.exceptions import PyJWTError

from libs.logic.core.octets import decoded, utf8
from libs.logic.core.registry import Unfit

_OF_SECRETS = ("HS256", "HS384", "HS512")
_OF_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_OF_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

ALGORITHMS = (*_OF_SECRETS, *_OF_RSA, *_OF_CURVES.values())

_KNOWN: dict[str, Algorithm] = {name: each for name, each in get_default_algorithms().items() if name in ALGORITHMS}
_PEM = "-----BEGIN "


@dataclass(frozen=True, slots=True)
class Key:
    """`private` is None of a public key; a secret is both."""

    public: Any
    private: Any
    algorithms: tuple[str, ...]

    def sign(self, algorithm: str, message: bytes) -> bytes:
        try:
            return _KNOWN[algorithm].sign(message, self.private)
        except ValueError:
            raise Unfit("key", "is too short for this algorithm") from None

    def verifies(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        try:
            return _KNOWN[algorithm].verify(message, self.public, signature)
        except ValueError:
            return False


def read_key(key: str | dict[str, Any]) -> Key:
    """Unfit when it is no key that can be used; what it is never shows in the message.

    Neither PEM nor a JWK is ever a secret, so that nobody can sign with what is public.
    """
    if isinstance(key, dict):
        return _of_jwk(key)
    if key.lstrip().startswith(_PEM):
        return _of_asymmetric(_from_pem(key.strip().encode()))
    if key.lstrip().startswith("{"):
        return _of_jwk(_parsed(key))
    return _of_secret(utf8("key", key))


def _of_secret(secret: bytes) -> Key:
    if not secret:
        raise Unfit("key", "must not be empty")
    return Key(secret, secret, _OF_SECRETS)


def _of_asymmetric(key: Any) -> Key:
    private = key if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None
    public = key if private is None else private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return Key(public, private, _OF_RSA)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _OF_CURVES:
        return Key(public, private, (_OF_CURVES[public.curve.name],))
    raise Unfit("key", "must be a key of RSA or of the curve P-256, P-384 or P-521")


def _from_pem(text: bytes) -> Any:
    try:
        if b"CERTIFICATE" in text[:40]:
            return x509.load_pem_x509_certificate(text).public_key()
        if b"PUBLIC KEY" in text[:40]:
            return load_pem_public_key(text)
        return load_pem_private_key(text, password=None)
    except TypeError:
        raise Unfit("key", "must be a private key without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unfit("key", "must be a private key, a public key or a certificate if it is PEM") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        jwk = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise Unfit("key", "must be a JWK if it begins with {") from None
    return dict(jwk)


def _of_jwk(jwk: dict[str, Any]) -> Key:
    kind = jwk.get("kty")
    try:
        if kind == "oct" and type(jwk.get("k")) is str:
            return _of_secret(decoded("key", jwk["k"], "base64"))
        if kind == "RSA":
            return _of_asymmetric(RSAAlgorithm.from_jwk(jwk))
        if kind == "EC":
            return _of_asymmetric(ECAlgorithm.from_jwk(jwk))
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm):
        raise Unfit("key", "isn't a JWK that can be used: a part of it is missing or wrong") from None
    raise Unfit("key", "must be a JWK of kty oct, RSA or EC")
