"""Which hop of a request may carry a secret."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from yarl import URL

from libs.common.egress import EgressDenied, Rule
from libs.common.egress.messages import Hop, redirected
from libs.logic.scope import Credential
from libs.runtime.keeping import keep_at_home

CREDENTIAL = Credential(
    id="c", token="s3cret-token", headers={"X-Key": "s3cret-token"}, hosts=("api.example.com", "*.example.org")
)


def hop(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Hop:
    return Hop("POST", URL(url), headers or {}, body)


@pytest.mark.parametrize(
    "url", ["https://api.example.com/", "http://API.example.com:8080/?a=s3cret-token", "https://a.b.example.org/"]
)
def test_its_own_hosts_may_have_it(url: str) -> None:
    keep_at_home(CREDENTIAL, hop(url, {"X-Key": "s3cret-token"}, b"s3cret-token"))


@pytest.mark.parametrize(
    "url",
    ["https://example.com/", "https://example.org/", "https://api.example.com./", "https://api.example.com.evil.test/"],
)
def test_other_hosts_may_have_what_holds_no_secret(url: str) -> None:
    keep_at_home(CREDENTIAL, hop(url, {"X-Key": "another"}, b"s3cret"))
    with pytest.raises(EgressDenied, match=r"may only be sent to api\.example\.com, \*\.example\.org") as refused:
        keep_at_home(CREDENTIAL, hop(url, {"X-Key": "s3cret-token"}))
    assert refused.value.rule == Rule.CREDENTIAL


def test_a_short_secret_is_known_where_it_is_applied() -> None:
    for short in (
        Credential(id="c", token="ab", headers={"X-Key": "ab"}, hosts=()),
        Credential(id="c", token="ab", query={"key": "ab"}, hosts=()),
    ):
        keep_at_home(short, hop("https://x.test/about?k=ab", {"X-Other": "ab"}, b"abc"))
        with pytest.raises(EgressDenied, match="may only be sent to no host"):
            keep_at_home(short, hop("https://x.test/?key=ab", {"X-Key": "ab"}))


def test_a_redirect_in_clear_carries_no_secret_even_at_home() -> None:
    first = hop("https://api.example.com/", {"X-Key": "s3cret-token"}, b"t=s3cret-token")
    second = redirected(first, 307, URL("http://api.example.com/"), frozenset({"x-key"}))
    third = redirected(second, 307, URL("http://api.example.com/again"), frozenset())
    for later in (second, third):
        with pytest.raises(EgressDenied, match="from https to http") as refused:
            keep_at_home(CREDENTIAL, later)
        assert refused.value.rule == Rule.CREDENTIAL
    plain = redirected(hop("https://api.example.com/", {}, b"x"), 307, URL("http://api.example.com/"), frozenset())
    keep_at_home(CREDENTIAL, plain)
    back = redirected(second, 307, URL("https://api.example.com/"), frozenset())
    with pytest.raises(EgressDenied):  # it came over the clear
        keep_at_home(CREDENTIAL, back)
