"""How a security puts a credential on a request; pure."""

import re
from typing import Any

import pytest

from libs.common.contracts.catalog import SecurityGrant
from libs.common.errors import Conflict, Invalid
from services.credentials.applying import apply, check_kind
from services.credentials.models import Kind

_KEY = {"token": "k-1"}


def security(type: str, **config: Any) -> SecurityGrant:
    return SecurityGrant(id="s-1", service_id="id-mailer", type=type, label={"en": "main"}, config=config)


@pytest.mark.parametrize(
    ("place", "headers", "query"),
    [
        ({"in": "header", "name": "X-Api-Key"}, {"X-Api-Key": "k-1"}, {}),
        ({"in": "header", "name": "Authorization", "prefix": "Token"}, {"Authorization": "Token k-1"}, {}),
        ({"in": "header", "name": "Authorization", "prefix": "Token "}, {"Authorization": "Token k-1"}, {}),
        ({"in": "header", "name": "Authorization", "prefix": "Token token="}, {"Authorization": "Token token=k-1"}, {}),
        ({"in": "query", "name": "api key"}, {}, {"api key": "k-1"}),
    ],
)
def test_an_api_key_goes_where_the_config_says(
    place: dict[str, str], headers: dict[str, str], query: dict[str, str]
) -> None:
    applied = apply(security("apiKey", **place), Kind.KEY, _KEY)
    assert (applied.headers, applied.query, applied.token, applied.hosts) == (headers, query, "k-1", None)


def test_basic_joins_user_and_password_as_rfc_7617_does() -> None:
    applied = apply(security("basic"), Kind.BASIC, {"username": "Aladdin", "password": "open sesame"})
    assert applied.headers == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}
    assert applied.token == "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(("type", "kind"), [("bearer", Kind.KEY), ("oauth2", Kind.OAUTH)])
def test_a_bearer_token_is_one_by_default(type: str, kind: Kind) -> None:
    assert apply(security(type), kind, _KEY).headers == {"Authorization": "Bearer k-1"}


def test_an_oauth_token_goes_elsewhere_where_apply_says_so() -> None:
    where = {"in": "header", "name": "X-Shop-Token", "prefix": ""}
    assert apply(security("oauth2", apply=where), Kind.OAUTH, _KEY).headers == {"X-Shop-Token": "k-1"}


@pytest.mark.parametrize("type", ["apiKey", "bearer", "basic"])
def test_hosts_limit_where_it_may_go(type: str) -> None:
    config = {"in": "query", "name": "key", "apply": {"hosts": ["api.example.com", "*.example.com"]}}
    kind, secrets = (Kind.BASIC, {"username": "u", "password": "p"}) if type == "basic" else (Kind.KEY, _KEY)
    assert apply(security(type, **config), kind, secrets).hosts == ("api.example.com", "*.example.com")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "security 'main': config.in and config.name say where the key goes"),
        ({"in": "header"}, "config.in and config.name"),
        ({"in": "cookie", "name": "k"}, "config.in and config.name"),
        ({"in": "header", "name": {"@type": "reference"}}, "config.in and config.name"),
        ({"in": "header", "name": "X-Key", "prefix": 5}, "and prefix, a text"),
        ({"in": "header", "name": "X Key"}, "name of a header"),
        ({"in": "header", "name": "X-Key\r\n"}, "name of a header"),
        ({"in": "header", "name": "X-Key", "prefix": "a\r\nB: "}, "printable"),
        ({"in": "header", "name": "X-Key", "apply": []}, "config.apply must be an object"),
        ({"in": "header", "name": "X-Key", "apply": {"hosts": "a.example"}}, "config.apply.hosts must be a list"),
        ({"in": "header", "name": "X-Key", "apply": {"hosts": [1]}}, "config.apply.hosts: 1 is no host"),
        ({"in": "header", "name": "X-Key", "apply": {"hosts": ["*"]}}, "config.apply.hosts: '*' is not one host"),
    ],
)
def test_a_config_that_does_not_say_how_is_refused_by_name(config: dict[str, Any], words: str) -> None:
    with pytest.raises(Conflict, match=re.escape(words)) as refused:
        apply(security("apiKey", **config), Kind.KEY, _KEY)
    assert refused.value.code == "credential_invalid"
    assert "k-1" not in refused.value.message


def test_a_token_of_another_kind_than_the_security_takes_by_now_is_refused() -> None:
    with pytest.raises(Conflict, match="connect the user again"):
        apply(security("basic"), Kind.KEY, _KEY)


def test_a_type_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(Conflict, match="'kerberos'"):
        apply(security("kerberos"), Kind.KEY, _KEY)


@pytest.mark.parametrize(
    ("type", "wanted", "kind"),
    [("apiKey", "key{token}", Kind.BASIC), ("basic", "basic{username", Kind.KEY), ("oauth2", "oauth{token}", Kind.KEY)],
)
def test_a_mismatch_names_what_to_send_instead(type: str, wanted: str, kind: Kind) -> None:
    with pytest.raises(Invalid, match=re.escape(f"'main' is of type {type}; send {wanted}")) as refused:
        check_kind(security(type), kind)
    assert refused.value.details[0].path == kind.value


def test_what_is_applied_shows_no_secret() -> None:
    assert "k-1" not in repr(apply(security("bearer"), Kind.KEY, _KEY))
