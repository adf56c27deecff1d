from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from libs.common.clock import SystemClock
from libs.common.contracts.calls import Call
from libs.common.contracts.credentials import FIND_CREDENTIAL, FIND_VARIABLES, KEEP_VALUE
from libs.common.contracts.identity import FIND_USER
from libs.common.errors import Forbidden, Unauthenticated
from libs.common.role_tokens import RoleKeys, TokenSigner, authorize
from libs.common.settings import SettingsRefused

KEYS = RoleKeys.generate(["catalog", "executor", "webhooks"])
PUBLIC = KEYS["executor"].public


class SetClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def make_token(call: Call[Any, Any] = FIND_CREDENTIAL, *, role: str = "executor", age: timedelta = timedelta(0)) -> str:
    return TokenSigner([role], KEYS[role].private, SetClock(datetime.now(UTC) - age)).token(call)


def make_forged(**changes: object) -> str:
    """A token as a signer makes it, but for some claims or headers; None leaves one out."""
    now = datetime.now(UTC)
    claims = {"iss": "executor", "aud": "credentials", "call": "find-credential", "iat": now, "exp": now}
    claims |= {"exp": now + timedelta(seconds=60)} | changes
    return jwt.encode(
        {name: claim for name, claim in claims.items() if claim is not None},
        KEYS["executor"].private,
        algorithm="EdDSA",
        headers={"kid": "executor"},
    )


def authorized(token: str, call: Call[Any, Any] = FIND_CREDENTIAL) -> str:
    return authorize(f"Bearer {token}", call, PUBLIC)


def test_a_role_may_make_the_calls_that_are_for_it() -> None:
    assert authorized(make_token()) == "executor"
    assert authorized(make_token(role="webhooks")) == "webhooks"
    assert authorized(make_forged()) == "executor"


def test_a_process_of_several_roles_signs_as_one_that_may_ask() -> None:
    signer = TokenSigner(["webhooks", "catalog"], KEYS["catalog"].private, SystemClock())
    token = signer.token(KEEP_VALUE)
    assert authorize(f"Bearer {token}", KEEP_VALUE, PUBLIC) == "catalog"


def test_a_call_for_other_roles_is_forbidden() -> None:
    with pytest.raises(Forbidden, match="executor may not call keep-value"):
        authorized(make_token(KEEP_VALUE), KEEP_VALUE)


@pytest.mark.parametrize("other", [FIND_VARIABLES, FIND_USER])
def test_a_token_serves_only_its_own_call(other: Call[Any, Any]) -> None:
    with pytest.raises(Unauthenticated):
        authorized(make_token(other))


@pytest.mark.parametrize("age", [timedelta(seconds=70), timedelta(days=1), timedelta(seconds=-30)])
def test_a_token_of_another_time_is_refused(age: timedelta) -> None:
    with pytest.raises(Unauthenticated):
        authorized(make_token(age=age))


def test_clocks_may_differ_by_a_few_seconds() -> None:
    assert authorized(make_token(age=timedelta(seconds=-3))) == "executor"
    assert authorized(make_token(age=timedelta(seconds=62))) == "executor"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "webhooks"},
        {"aud": "identity"},
        {"aud": ["credentials", "identity"]},
        {"call": "find-variables"},
        {"exp": "soon"},
        *({name: None} for name in ("iss", "aud", "call", "iat", "exp")),
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        authorized(make_forged(**changes))


def test_a_role_can_not_sign_for_another() -> None:
    imposter = TokenSigner(["executor"], KEYS["catalog"].private, SystemClock())
    with pytest.raises(Unauthenticated):
        authorized(imposter.token(FIND_CREDENTIAL))


def test_an_unknown_role_is_refused() -> None:
    stranger = TokenSigner(["stranger"], Ed25519PrivateKey.generate(), SystemClock())
    with pytest.raises(Unauthenticated, match="public key is not known"):
        authorized(stranger.token(FIND_CREDENTIAL))


def test_a_changed_token_is_refused() -> None:
    head, claims, signature = make_token().split(".")
    _, other_claims, _ = make_token(KEEP_VALUE).split(".")
    for token in (f"{head}.{other_claims}.{signature}", f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}"):
        with pytest.raises(Unauthenticated):
            authorized(token)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_other_algorithm_is_believed(algorithm: str) -> None:
    key = PUBLIC["executor"].public_bytes(Encoding.Raw, PublicFormat.Raw) if algorithm == "HS256" else ""
    now = datetime.now(UTC)
    claims = {"iss": "executor", "aud": "credentials", "call": "find-credential", "iat": now}
    claims["exp"] = now + timedelta(seconds=60)
    with pytest.raises(Unauthenticated):
        authorized(jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "executor"}))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer \udcff", "x"])
def test_what_is_no_token_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        authorize(header, FIND_CREDENTIAL, PUBLIC)


def test_a_token_is_used_for_half_a_minute_and_then_made_anew() -> None:
    clock = SetClock(datetime(2024, 1, 1, tzinfo=UTC))
    signer = TokenSigner(["executor"], KEYS["executor"].private, clock)
    first = signer.token(FIND_CREDENTIAL)
    clock.moment += timedelta(seconds=29)
    assert signer.token(FIND_CREDENTIAL) == first
    assert signer.token(FIND_VARIABLES) != first
    clock.moment += timedelta(seconds=2)
    renewed = signer.token(FIND_CREDENTIAL)
    assert renewed != first
    clock.moment -= timedelta(seconds=10)
    assert signer.token(FIND_CREDENTIAL) != renewed


@pytest.mark.parametrize("form", ["raw", "pem"])
def test_keys_are_read_from_settings(form: str) -> None:
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    keys = RoleKeys.parse(
        pem.decode() if form == "pem" else base64.b64encode(raw).decode(), f"executor={public}, webhooks={public},"
    )
    assert set(keys.public) == {"executor", "webhooks"}
    token = TokenSigner(["webhooks"], keys.private, SystemClock()).token(FIND_CREDENTIAL)
    assert authorize(f"Bearer {token}", FIND_CREDENTIAL, keys.public) == "webhooks"


@pytest.mark.parametrize("private", ["", "c2VjcmV0", "not base64!", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END"])
def test_a_malformed_private_key_is_refused_without_showing_it(private: str) -> None:
    with pytest.raises(SettingsRefused, match="INTERNAL_PRIVATE_KEY is no Ed25519") as refusal:
        RoleKeys.parse(private, "")
    assert "c2V" not in str(refusal.value)


@pytest.mark.parametrize("public", ["executor", "executor=", "executor=c2VjcmV0", "executor=?", "executor=\u00e9"])
def test_a_malformed_public_key_is_refused_by_its_role(public: str) -> None:
    raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    with pytest.raises(SettingsRefused, match="INTERNAL_PUBLIC_KEYS: 'executor'"):
        RoleKeys.parse(base64.b64encode(raw).decode(), public)


def test_no_repr_shows_a_key() -> None:
    assert repr(KEYS["executor"]) == "RoleKeys()"
