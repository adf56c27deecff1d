"""Verification: each declaration believes what its provider signs, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from standardwebhooks import Webhook

from libs.common.verification import PRESETS, SignedRequest, preset_of

SECRET = "It's a Secret to Everybody"
NOW = 1_700_000_000.0
BODY = b'{"action":"opened","id":"evt_1"}'


def _hex(secret: str, payload: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), payload, algorithm).hexdigest()


def _b64(secret: str, payload: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), payload, hashlib.sha256).digest()).decode()


GENUINE: dict[str, dict[str, str]] = {
    "github": {"x-hub-signature-256": "sha256=" + _hex(SECRET, BODY)},
    "jira": {"x-hub-signature": "sha256=" + _hex(SECRET, BODY)},
    "gitlab": {"x-gitlab-token": SECRET},
    "google-channel": {"x-goog-channel-token": SECRET},
    "shopify": {"x-shopify-hmac-sha256": _b64(SECRET, BODY)},
    "slack": {
        "x-slack-request-timestamp": "1700000000",
        "x-slack-signature": "v0=" + _hex(SECRET, b"v0:1700000000:" + BODY),
    },
    "stripe": {"stripe-signature": "t=1700000000,v1=" + _hex(SECRET, b"1700000000." + BODY)},
    "zendesk": {
        "x-zendesk-webhook-signature-timestamp": "2023-11-14T22:13:20Z",
        "x-zendesk-webhook-signature": _b64(SECRET, b"2023-11-14T22:13:20Z" + BODY),
    },
    "standard-webhooks": {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + _b64(SECRET, b"msg_1.1700000000." + BODY),
    },
}


def _believed(preset: str, headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> bool:
    return preset_of(preset).verifier.verifies(SignedRequest(headers, {}, body), secrets, NOW)


def test_every_preset_has_a_genuine_request_here() -> None:
    assert set(GENUINE) == set(PRESETS)


def test_the_vector_of_githubs_documentation_is_believed() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert _believed("github", {"x-hub-signature-256": signature}, b"Hello, World!")


def test_the_vector_of_slacks_documentation_is_believed() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "x-slack-request-timestamp": "1531420618",
    }
    verifier = preset_of("slack").verifier
    assert verifier.verifies(SignedRequest(headers, {}, body), ("8f742231b10e8888abcd99yyyzzz85a5",), 1531420618.0)


def test_the_official_standard_webhooks_library_is_believed() -> None:
    from datetime import UTC, datetime

    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(NOW, UTC), BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": signature}
    assert _believed("standard-webhooks", headers, secrets=(secret,))


@pytest.mark.parametrize("preset", GENUINE)
def test_a_genuine_request_is_believed(preset: str) -> None:
    assert _believed(preset, GENUINE[preset])


@pytest.mark.parametrize("preset", GENUINE)
def test_both_secrets_are_believed_during_a_rotation(preset: str) -> None:
    assert _believed(preset, GENUINE[preset], secrets=("the new one", SECRET))


@pytest.mark.parametrize("preset", GENUINE)
def test_another_secret_is_not_believed(preset: str) -> None:
    assert not _believed(preset, GENUINE[preset], secrets=("another",))


@pytest.mark.parametrize("preset", GENUINE)
def test_without_any_secret_nothing_is_believed(preset: str) -> None:
    assert not _believed(preset, GENUINE[preset], secrets=())


@pytest.mark.parametrize(("preset", "missing"), [(name, header) for name, all in GENUINE.items() for header in all])
def test_a_missing_header_is_not_believed(preset: str, missing: str) -> None:
    headers = {name: value for name, value in GENUINE[preset].items() if name != missing}
    assert not _believed(preset, headers)


@pytest.mark.parametrize(("preset", "changed"), [(name, header) for name, all in GENUINE.items() for header in all])
@pytest.mark.parametrize("value", ["", "sha256=", "x", "é", "sha256=" + "0" * 64, "v1," + "A" * 44])
def test_an_altered_header_is_not_believed(preset: str, changed: str, value: str) -> None:
    assert not _believed(preset, {**GENUINE[preset], changed: value})


@pytest.mark.parametrize("preset", sorted(set(GENUINE) - {"gitlab", "google-channel"}))
def test_an_altered_byte_is_not_believed(preset: str) -> None:
    assert not _believed(preset, GENUINE[preset], BODY[:-1] + b"]")


@pytest.mark.parametrize("preset", ["slack", "stripe", "standard-webhooks"])
@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_stale_timestamp_is_not_believed(preset: str, seconds: int) -> None:
    request = SignedRequest(GENUINE[preset], {}, BODY)
    assert not preset_of(preset).verifier.verifies(request, (SECRET,), NOW + seconds)


def test_basic_takes_the_secret_as_the_password() -> None:
    verifier = preset_of({"scheme": "basic"}).verifier
    good = "Basic " + base64.b64encode(f"anyone:{SECRET}".encode()).decode()
    assert verifier.verifies(SignedRequest({"authorization": good}, {}, b""), (SECRET,), NOW)
    assert not verifier.verifies(
        SignedRequest({"authorization": good.replace("Basic", "Bearer")}, {}, b""), (SECRET,), NOW
    )
    assert not verifier.verifies(SignedRequest({"authorization": "Basic !!!"}, {}, b""), (SECRET,), NOW)
    assert not verifier.verifies(SignedRequest({}, {}, b""), (SECRET,), NOW)


def test_a_token_may_stand_in_the_query() -> None:
    verifier = preset_of({"scheme": "token", "query": "key"}).verifier
    assert verifier.verifies(SignedRequest({}, {"key": SECRET}, b""), (SECRET,), NOW)
    assert not verifier.verifies(SignedRequest({}, {"key": "x"}, b""), (SECRET,), NOW)
    assert not verifier.verifies(SignedRequest({}, {}, b""), (SECRET,), NOW)


def test_none_must_be_written_out_and_believes_anybody() -> None:
    assert preset_of({"scheme": "none"}).verifier.verifies(SignedRequest({}, {}, b""), (), NOW)


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        ("githib", "unknown preset"),
        (None, "preset"),
        ([], "preset"),
        ({}, "scheme must be"),
        ({"scheme": "rot13"}, "scheme must be"),
        ({"scheme": "hmac"}, "header must name"),
        ({"scheme": "hmac", "header": "x", "algorithm": "md5"}, "algorithm must be"),
        ({"scheme": "hmac", "header": "x", "encoding": "utf8"}, "encoding must be"),
        ({"scheme": "hmac", "header": "x", "payload": "{timestamp}"}, "holds {body} once"),
        ({"scheme": "hmac", "header": "x", "payload": "{body}{nonce}"}, "nonce"),
        ({"scheme": "hmac", "header": "x", "payload": "{timestamp}{body}"}, "timestampHeader"),
        ({"scheme": "hmac", "header": "x", "tolerance": "5m"}, "tolerance"),
        ({"scheme": "hmac", "header": "x", "secret": "s"}, "unknown member 'secret'"),
        ({"scheme": "token"}, "header or query"),
        ({"scheme": "none", "header": "x"}, "unknown member"),
    ],
)
def test_a_declaration_that_can_not_be_read_says_why(declaration: object, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("{", r"\{").replace("}", r"\}")):
        preset_of(declaration)
