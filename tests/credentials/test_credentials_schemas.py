"""Bodies as they are printed: a log line or a traceback that shows one shows no secret."""

from typing import Any

import pytest

from services.credentials.schemas import TokenCreate, TokenUpdate, ValueBody

_SECRET = "5eCr3t"


@pytest.mark.parametrize(
    "credential",
    [
        {"key": {"token": _SECRET}},
        {"basic": {"username": _SECRET, "password": _SECRET}},
        {"oauth": {"token": _SECRET, "code": _SECRET, "refreshToken": _SECRET}},
    ],
)
def test_a_new_token_shows_no_secret(credential: dict[str, Any]) -> None:
    body = TokenCreate.model_validate({"serviceId": "mailer", **credential})
    new = body.new_token()
    assert _SECRET in new.credential.secrets.values()
    assert _SECRET not in f"{body!r} {body} {new!r}"


def test_a_change_of_a_token_shows_no_secret() -> None:
    body = TokenUpdate.model_validate({"token": _SECRET, "code": _SECRET, "refreshToken": _SECRET})
    assert _SECRET not in f"{body!r} {body}"


def test_a_value_is_not_shown() -> None:
    body = ValueBody.model_validate({"value": {"deep": _SECRET}})
    assert _SECRET not in f"{body!r} {body}"
