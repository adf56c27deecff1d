"""The operator's exceptions."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from libs.common.egress import Allow, EgressDenied
from libs.common.egress.rules import EgressRules


def test_an_empty_setting_allows_nothing() -> None:
    assert Allow.parse("") == Allow() == Allow.parse(" , ")
    assert not Allow().permits_host("example.com")


def test_an_allowed_network_permits_its_addresses_as_literals_and_as_answers() -> None:
    rules = EgressRules(Allow.parse("10.0.0.0/8, ::1"))
    rules.parse("http://10.1.2.3/")
    rules.parse("http://[::1]:8080/")
    rules.parse("http://[::ffff:10.1.2.3]/")
    rules.check_addresses("inside.test", [ip_address("10.1.2.3"), ip_address("8.8.8.8")])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://172.16.0.1/", "http://[::2]/", "http://[64:ff9b::7f00:1]/"]
)
def test_an_allowed_network_permits_nothing_beside_it(url: str) -> None:
    with pytest.raises(EgressDenied):
        EgressRules(Allow.parse("10.0.0.0/8, ::1")).parse(url)


def test_an_allowed_network_does_not_permit_an_odd_notation() -> None:
    with pytest.raises(EgressDenied):
        EgressRules(Allow.parse("127.0.0.0/8")).parse("http://127.1/")


def test_an_allowed_host_may_lead_anywhere() -> None:
    rules = EgressRules(Allow.parse("Hooks.Test"))
    rules.check_addresses("hooks.test", [ip_address("127.0.0.1")])
    rules.check_addresses("hooks.test.", [ip_address("169.254.169.254")])
    for other in ("x.hooks.test", "hooks.test.evil.example", "xhooks.test"):
        with pytest.raises(EgressDenied):
            rules.check_addresses(other, [ip_address("127.0.0.1")])


def test_a_suffix_allows_the_names_below_it_and_not_the_name_itself() -> None:
    allow = Allow.parse("*.corp.test")
    assert allow.permits_host("a.corp.test")
    assert allow.permits_host("a.b.corp.test.")
    assert not allow.permits_host("corp.test")
    assert not allow.permits_host("evilcorp.test")


def test_a_host_with_an_umlaut_is_compared_in_ascii() -> None:
    assert Allow.parse("bücher.test").permits_host("xn--bcher-kva.test")


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "1.2.3",
        "0x7f.1",
        "[::1]",
        "*",
        "*.",
        "a.*.test",
        "http://x.test",
        "a b",
        "-:-",
        "a..b",
    ],
)
def test_an_entry_that_is_neither_network_nor_host_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="EGRESS_ALLOW") as error:
        Allow.parse(f"example.com, {entry}")
    assert repr(entry) in str(error.value)
