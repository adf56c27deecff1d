"""URLs and addresses in every notation, against the rules alone."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest

from libs.common.egress import Allow, EgressDenied, Rule
from libs.common.egress.addresses import address_rule
from libs.common.egress.rules import EgressRules
from tests.common.egress.notations import REFUSED_ADDRESSES, ipv4_notations, ipv6_notations

RULES = EgressRules(Allow())


def refused_urls() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "refused.txt").read_text(encoding="utf-8").splitlines()
    cases = [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]
    return [(rule, url) for rule, url in cases]


PUBLIC_URLS = [
    "http://example.com",
    "https://example.com/path?query=1#fragment",
    "HTTPS://EXAMPLE.COM/",
    "https://example.com./",
    "https://sub.domain.example.com:8443/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "https://a_b.example/",
    "https://127.0.0.1.nip.example/",
    "https://1e100.example/",
    "https://0x7f.example/",
    "https://3com.example/",
    "http://8.8.8.8/",
    "https://1.1.1.1:443/",
    "http://9.255.255.255/",
    "http://11.0.0.0/",
    "http://100.63.255.255/",
    "http://100.128.0.0/",
    "http://126.255.255.255/",
    "http://128.0.0.1/",
    "http://169.253.255.255/",
    "http://169.255.0.0/",
    "http://172.15.255.255/",
    "http://172.32.0.0/",
    "http://192.167.255.255/",
    "http://192.169.0.0/",
    "http://198.17.255.255/",
    "http://198.20.0.0/",
    "http://223.255.255.255/",
    "http://[2606:4700:4700::1111]/",
    "https://[2001:4860:4860::8888]:443/",
    "http://[2001:200::1]/",
    "http://[2a00:1450:4001:80b::200e]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[64:ff9b::8.8.8.8]/",
    "http://[2606:4700::5efe:808:808]/",
    "https://example.com/a b/%2F/ü?x=a b",
    "https://example.com/?next=http://127.0.0.1/",
    "https://example.com/@user",
]


@pytest.mark.parametrize(("rule", "url"), refused_urls())
def test_a_refused_url_names_its_rule(rule: str, url: str) -> None:
    with pytest.raises(EgressDenied) as denied:
        RULES.parse(url)
    assert denied.value.rule == rule
    assert denied.value.code == "egress_denied"
    assert denied.value.message.endswith(".")


@pytest.mark.parametrize(("text", "rule"), REFUSED_ADDRESSES.items())
def test_a_refused_ipv4_address_is_refused_in_every_notation(text: str, rule: Rule) -> None:
    for host in ipv4_notations(IPv4Address(text)):
        with pytest.raises(EgressDenied) as denied:
            RULES.parse(f"http://{host}/")
        assert (host, denied.value.rule) == (host, rule)


@pytest.mark.parametrize(("text", "rule"), REFUSED_ADDRESSES.items())
def test_an_ipv6_address_is_refused_for_the_ipv4_address_that_it_carries(text: str, rule: Rule) -> None:
    for host in ipv6_notations(IPv4Address(text)):
        with pytest.raises(EgressDenied) as denied:
            RULES.parse(f"http://[{host}]/")
        assert (host, denied.value.rule) == (host, rule)


@pytest.mark.parametrize("url", PUBLIC_URLS)
def test_a_public_url_passes(url: str) -> None:
    assert RULES.parse(url).host


@pytest.mark.parametrize("character", ["\t", "\n", "\r", "\x00", "\x1f", "\x7f"])
@pytest.mark.parametrize("template", ["http://exam{}ple.com/", "http://example.com/{}", "{}http://example.com/"])
def test_a_control_character_anywhere_in_the_url_is_refused(template: str, character: str) -> None:
    with pytest.raises(EgressDenied, match="control characters") as denied:
        RULES.parse(template.format(character))
    assert denied.value.rule == Rule.MALFORMED


@pytest.mark.parametrize("url", ["http://\ud800.example/", "http://exam\u00adple.com/", "http://\u200b127.0.0.1/"])
def test_a_host_that_has_no_ascii_form_is_refused(url: str) -> None:
    with pytest.raises(EgressDenied) as denied:
        RULES.parse(url)
    assert denied.value.rule == Rule.MALFORMED


def test_no_address_that_the_standard_library_calls_not_global_passes() -> None:
    edges = [f"{a}.{b}.{c}.1" for a in range(256) for b in (0, 16, 31, 64, 127, 168, 254) for c in (0, 2, 99, 100, 113)]
    for text in edges:
        if not ip_address(text).is_global:
            assert address_rule(ip_address(text)) is not None, text


def test_a_refusal_says_which_host_and_how_an_operator_makes_an_exception() -> None:
    with pytest.raises(EgressDenied) as denied:
        RULES.parse("http://2130706433/")
    assert denied.value.message == (
        "2130706433 leads to a loopback address, which must not be requested unless EGRESS_ALLOW makes an exception."
    )


def test_a_refused_url_is_refused_again_although_its_host_was_seen() -> None:
    rules = EgressRules(Allow())
    rules.parse("http://example.com/")
    for url in ("http://user@example.com/", "ftp://example.com/", "http://example.com:0/"):
        with pytest.raises(EgressDenied):
            rules.parse(url)


def test_a_relative_location_is_resolved_and_checked() -> None:
    base = RULES.parse("https://example.com/a/b")
    assert str(RULES.parse("../c?d=1", base)) == "https://example.com/c?d=1"
    with pytest.raises(EgressDenied) as denied:
        RULES.parse("//169.254.169.254/latest", base)
    assert denied.value.rule == Rule.METADATA


def test_one_refused_address_among_good_ones_refuses_the_host() -> None:
    with pytest.raises(EgressDenied, match=r"^mixed\.test leads to a private address"):
        RULES.check_addresses("mixed.test", [ip_address("8.8.8.8"), ip_address("10.0.0.1")])
