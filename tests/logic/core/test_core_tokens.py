"""Tokens and keys against PyJWT, in both directions, and what may never be seen of a key."""

import warnings
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from libs.logic.cases import Case, ours
from libs.logic.core import LIBRARY
from libs.logic.errors import LogicError
from libs.logic.sandbox.pool import SandboxPool

CLAIMS = {"sub": "7", "admin": True, "ü": ["é"]}
SECRET = "a secret that is long enough for every digest there is, of 512 bits and fewer"
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    """A private key by the first algorithm that it is for."""
    curves = {name: ec.generate_private_key(curve) for name, curve in CURVES.items()}
    return {"RS256": rsa.generate_private_key(65537, 2048), **curves}


def private_pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, form, encryption).decode())


def public_pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def sign(key: Any, **more: Any) -> str:
    return str(LIBRARY["jwt.sign"].call({"payload": CLAIMS, "key": key, **more}))


def verify(token: str, key: Any, **more: Any) -> Any:
    return LIBRARY["jwt.verify"].call({"token": token, "key": key, **more})


def refusal(name: str, **source: Any) -> str:
    with pytest.raises(LogicError) as caught:
        LIBRARY[name].call(source)
    return caught.value.message


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_signs_for_others_and_verifies_what_they_signed(algorithm: str) -> None:
    assert jwt.decode(sign(SECRET, algorithm=algorithm), SECRET, algorithms=[algorithm]) == CLAIMS
    assert verify(jwt.encode(CLAIMS, SECRET, algorithm=algorithm), SECRET)["payload"] == CLAIMS


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES])
def test_a_key_pair_signs_for_others_and_verifies_what_they_signed(algorithm: str, keys: dict[str, Any]) -> None:
    key = keys.get(algorithm, keys["RS256"])
    signed = sign(private_pem(key), algorithm=algorithm)
    assert jwt.decode(signed, public_pem(key), algorithms=[algorithm]) == CLAIMS
    theirs = jwt.encode(CLAIMS, key, algorithm=algorithm)
    assert verify(theirs, public_pem(key)) == {"valid": True, "payload": CLAIMS, "reason": None}
    assert verify(signed, public_pem(key))["valid"]


def test_keys_are_read_in_every_form(keys: dict[str, Any]) -> None:
    key = keys["RS256"]
    signed = sign(private_pem(key, PrivateFormat.TraditionalOpenSSL))
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    assert verify(signed, f"\n{public_pem(key)}")["valid"]
    assert verify(signed, jwk)["valid"]
    assert verify(signed, private_pem(key))["valid"]


def test_a_key_without_an_algorithm_signs_with_its_first(keys: dict[str, Any]) -> None:
    for algorithm, key in keys.items():
        assert jwt.get_unverified_header(sign(private_pem(key))) == {"alg": algorithm, "typ": "JWT"}


def test_what_is_public_is_never_a_secret(keys: dict[str, Any]) -> None:
    public = public_pem(keys["RS256"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forged = jwt.api_jws.encode(b"{}", "x", algorithm="HS256")
    assert verify(forged, public)["reason"] == "algorithm"
    assert "algorithms" in refusal("jwt.verify", token=forged, key=public, algorithms=["HS256"])
    assert "key" in refusal("jwt.sign", payload={}, key=public, algorithm="HS256")


def test_a_changed_token_is_not_valid(keys: dict[str, Any]) -> None:
    for key in (SECRET, private_pem(keys["RS256"]), private_pem(keys["ES256"])):
        header, payload, signature = sign(key).split(".")
        changed = "A" if signature[5] != "A" else "B"
        for token in (
            f"{header}.{payload[:-1]}.{signature}",
            f"{header}.{payload}.{signature[:5]}{changed}{signature[6:]}",
        ):
            assert verify(token, key)["valid"] is False
        assert verify(f"{header}.{payload}.", key)["reason"] == "signature"


def test_nothing_of_a_key_is_in_a_message(keys: dict[str, Any]) -> None:
    key = keys["RS256"]
    sealed = private_pem(key, password=b"open sesame")
    other = private_pem(ed25519.Ed25519PrivateKey.generate())
    broken = private_pem(key)[:300] + "-----END PRIVATE KEY-----"
    secret_jwk = {"kty": "oct", "k": "c2Vj*cmV0"}
    for bad in (sealed, other, broken, secret_jwk, '{"kty": "RSA", "d": "c2VjcmV0"}', "{secret"):
        told = refusal("jwt.sign", payload={}, key=bad) + refusal("jwt.verify", token="a.b.c", key=bad)
        parts = bad.split("\n")[1:] if isinstance(bad, str) else [secret_jwk["k"]]
        assert not any(len(part) > 8 and part in told for part in parts)
        assert not any(part in told for part in ("sesame", "c2Vj", "{secret"))


def test_a_key_that_is_too_short_for_its_digest_is_refused() -> None:
    short = rsa.generate_private_key(65537, 1024)
    with pytest.raises(LogicError, match="too short"):
        sign(private_pem(short), algorithm="PS512")


def test_a_private_key_of_rsa_is_worked_with_elsewhere(keys: dict[str, Any]) -> None:
    function = LIBRARY["jwt.sign"]
    assert function.is_large({"payload": {}, "key": private_pem(keys["RS256"])})
    assert not function.is_large({"payload": {}, "key": private_pem(keys["ES512"])})
    assert not LIBRARY["jwt.verify"].is_large({"token": "a.b.c", "key": public_pem(keys["RS256"])})


async def test_a_locked_process_can_sign_with_a_key_of_rsa(keys: dict[str, Any], pool: SandboxPool) -> None:
    node = {
        "@type": "action",
        "service": "core",
        "action": "jwt.sign",
        "input": {"@type": "reference", "operation": "source"},
    }
    source = {"payload": CLAIMS, "key": private_pem(keys["RS256"]), "algorithm": "PS256"}
    outcome = await ours.outcome(Case("", "", node, {"source": source}, {}), pool)
    assert verify(outcome["result"], public_pem(keys["RS256"]))["valid"]
