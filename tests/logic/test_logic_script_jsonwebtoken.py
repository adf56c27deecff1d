"""`$.jsonwebtoken` against PyJWT and cryptography: each reads what the other signs, and refuses what was changed."""

import base64
import datetime
import hmac
import json
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from libs.logic.budget import Budget
from libs.logic.errors import LogicError
from tests.logic.scripts import Scripts

pytestmark = pytest.mark.asyncio(loop_scope="module")

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
SECRET = "a secret of more than sixty-four bytes, so that PyJWT has nothing to say on its length"
NOW_S = 1_700_000_000

ED25519 = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""

SIGN = "return $.jsonwebtoken.sign(input.data.payload, input.data.key, input.data.options)"
VERIFY = """
    try { return {payload: $.jsonwebtoken.verify(input.data.token, input.data.key, input.data.options)} }
    catch (error) { return {name: error.name, message: error.message} }
"""


@cache
def private_key(algorithm: str, _which: str = "first") -> PrivateKey:
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(key: PrivateKey, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def certificate_pem(key: PrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    day = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def keys_of(algorithm: str) -> tuple[str, str]:
    """What signs and what verifies."""
    if algorithm.startswith("HS"):
        return SECRET, SECRET
    key = private_key(algorithm)
    return private_pem(key), public_pem(key)


async def signed(libraries: Scripts, payload: Any, key: Any, **options: Any) -> str:
    return str(await libraries.run(SIGN, {"payload": payload, "key": key, "options": options}))


async def verified(libraries: Scripts, token: Any, key: Any, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = await libraries.run(VERIFY, {"token": token, "key": key, "options": options})
    return found


ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_each_reads_what_the_other_signs_and_not_what_was_changed(libraries: Scripts, algorithm: str) -> None:
    signing, verifying = keys_of(algorithm)
    payload = {"sub": "ünï", "n": [1, {"a": None}], "exp": 4_000_000_000, "iat": NOW_S}
    ours = await signed(libraries, payload, signing, algorithm=algorithm, keyid="k1")
    assert jwt.decode(ours, verifying, algorithms=[algorithm]) == payload
    assert jwt.get_unverified_header(ours) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    for number in range(3):
        theirs = jwt.encode({**payload, "number": number}, signing, algorithm)
        assert await verified(libraries, theirs, verifying) == {"payload": {**payload, "number": number}}
        await no_change_is_overlooked(libraries, theirs, verifying)


async def no_change_is_overlooked(libraries: Scripts, token: str, key: str) -> None:
    script = """
        const [head, body, signature] = input.data.token.split('.')
        const swapped = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
        const changed = [swapped(signature, 0), swapped(signature, signature.length >> 1),
                         swapped(signature, signature.length - 1), signature + 'A', signature.slice(0, -1)]
          .map((other) => [head, body, other].join('.'))
        changed.push([head, swapped(body, body.length >> 1), signature].join('.'))
        return changed.map((token) => {
          try { $.jsonwebtoken.verify(token, input.data.key); return token } catch (error) { return error.message }
        })
    """
    messages = await libraries.run(script, {"token": token, "key": key}, budget=Budget(cpu_s=5))
    assert set(messages) <= {"invalid signature", "invalid token"}
    assert len(messages) == 6


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512"])
async def test_keys_are_read_in_every_form_and_another_key_never_fits(libraries: Scripts, algorithm: str) -> None:
    key, other = private_key(algorithm), private_key(algorithm, "second")
    verifying = [public_pem(key), certificate_pem(key), private_pem(key)]
    if isinstance(key, rsa.RSAPrivateKey):
        verifying.append(public_pem(key, PublicFormat.PKCS1))
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        token = await signed(libraries, {"a": 1}, private_pem(key, form), algorithm=algorithm, noTimestamp=True)
        assert jwt.decode(token, public_pem(key), algorithms=[algorithm]) == {"a": 1}
    for form in verifying:
        assert await verified(libraries, token, form) == {"payload": {"a": 1}}
    wrong = await verified(libraries, token, public_pem(other))
    assert wrong == {"name": "JsonWebTokenError", "message": "invalid signature"}


async def test_a_public_key_is_never_taken_for_a_secret(libraries: Scripts) -> None:
    _, public = keys_of("RS256")
    forged = forge_with_secret({"admin": True}, public)
    refused = await verified(libraries, forged, public)
    assert refused == {"name": "JsonWebTokenError", "message": "invalid algorithm"}
    refused = await verified(libraries, forged, public, algorithms=["HS256"])
    assert refused["message"] == "secretOrPublicKey must be a symmetric key when using HS256"
    script = "return $.jsonwebtoken.verify(input.data.token, new TextEncoder().encode(input.data.key))"
    with pytest.raises(LogicError, match="invalid algorithm"):
        await libraries.run(script, {"token": forged, "key": public})
    for key, options, words in [
        (public, {}, "must be a symmetric key"),
        (public, {"algorithm": "RS256"}, "must be a private key"),
        (SECRET, {"algorithm": "RS256"}, "must be an asymmetric key"),
        (keys_of("ES256")[0], {"algorithm": "ES384"}, "does not fit the key's curve"),
        (keys_of("ES256")[0], {"algorithm": "RS256"}, "does not fit the kind of key"),
    ]:
        with pytest.raises(LogicError, match=words):
            await signed(libraries, {}, key, **options)


def forge_with_secret(payload: dict[str, Any], secret: str) -> str:
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    message = ".".join(part(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, payload))
    return f"{message}.{part(hmac.digest(secret.encode(), message.encode(), 'sha256'))}"


async def test_a_token_without_signature_is_never_verified(libraries: Scripts) -> None:
    unsigned = jwt.encode({"a": 1}, None, algorithm="none")
    for options in ({}, {"algorithms": ["none"]}, {"algorithms": ["none", "HS256"]}):
        assert (await verified(libraries, unsigned, SECRET, **options))["message"] == "jwt signature is required"
    assert (await verified(libraries, unsigned, ""))["name"] == "JsonWebTokenError"
    renamed = unsigned + jwt.encode({"a": 1}, SECRET, "HS256").rpartition(".")[2]
    refused = await verified(libraries, renamed, SECRET, algorithms=["none"])
    assert refused["message"] == "invalid algorithm"
    with pytest.raises(LogicError, match="algorithm"):
        await signed(libraries, {}, SECRET, algorithm="none")
    with pytest.raises(LogicError, match="algorithm"):
        await signed(libraries, {}, SECRET, header={"alg": "none"})


async def test_a_small_rsa_key_signs_nothing(libraries: Scripts) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(LogicError, match="minimum key size of 2048 bits"):
        await signed(libraries, {}, private_pem(key), algorithm="RS256")


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----",
        "-----BEGIN RSA PUBLIC KEY-----\nMIT/////////\n-----END RSA PUBLIC KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----",
        ED25519,
    ],
)
async def test_a_key_that_can_not_be_read_is_refused(libraries: Scripts, key: str) -> None:
    token = jwt.encode({"a": 1}, SECRET, "HS256")
    refused = await verified(libraries, token, key)
    assert refused["name"] == "JsonWebTokenError"
    assert refused["message"].startswith("secretOrPublicKey is not valid key material: ")


async def test_a_point_off_its_curve_is_refused(libraries: Scripts) -> None:
    signing, verifying = keys_of("ES256")
    token = await signed(libraries, {}, signing, algorithm="ES256")
    lines = verifying.splitlines()
    lines[-2] = lines[-2][:-6] + ("AAAA" if lines[-2][-6:-2] != "AAAA" else "BBBB") + lines[-2][-2:]
    refused = await verified(libraries, token, "\n".join(lines))
    assert refused["name"] == "JsonWebTokenError"


async def test_rs256_costs_far_less_than_a_script_may(libraries: Scripts) -> None:
    signing, verifying = keys_of("RS256")
    script = """
        const token = $.jsonwebtoken.sign({}, input.data.signing, {algorithm: 'RS256'})
        return typeof $.jsonwebtoken.verify(token, input.data.verifying)
    """
    given = {"signing": signing, "verifying": verifying}
    assert await libraries.run(script, given, budget=Budget(cpu_s=0.2)) == "object"


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ({"expiresIn": 60}, {"exp": NOW_S + 60}),
        ({"expiresIn": "1h"}, {"exp": NOW_S + 3600}),
        ({"expiresIn": "2 days"}, {"exp": NOW_S + 172_800}),
        ({"expiresIn": "120"}, {"exp": NOW_S}),
        ({"expiresIn": "1.5h", "notBefore": "-10s"}, {"exp": NOW_S + 5400, "nbf": NOW_S - 10}),
        ({"issuer": "i", "subject": "s", "audience": ["a", "b"], "jwtid": "j"},
         {"iss": "i", "sub": "s", "aud": ["a", "b"], "jti": "j"}),
    ],
)  # fmt: skip
async def test_options_become_claims(libraries: Scripts, options: dict[str, Any], claims: dict[str, Any]) -> None:
    token = await signed(libraries, {"iat": NOW_S}, SECRET, **options)
    found = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_signature": True, **UNCHECKED})
    assert found == {"iat": NOW_S, **claims}


UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
