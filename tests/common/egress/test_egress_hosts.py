"""The patterns of `apply.hosts`."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.egress.hosts import host_pattern, hosts_of


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.COM.", "api.example.com"),
        ("*.Example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_pattern_is_read_as_hosts_are_compared(text: str, pattern: str) -> None:
    assert host_pattern(text) == pattern


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "*.", "*.*", "*.com", "*.COM.", "**.example.com", "api.*.com", "*example.com", ".example.com"),
        *("evil.com#.slack.com", "evil.com?.slack.com", "evil.com/.slack.com", "evil.com\\.slack.com"),
        *("api.slack.com@evil.com", "user:pw@api.slack.com", "https://api.slack.com", "//api.slack.com"),
        *(
            "api.slack.com:443",
            "api.slack.com/",
            " api.slack.com",
            "api.slack.com\n",
            "api slack.com",
            "%61pi.slack.com",
        ),
        *("127.1", "0x7f.0.0.1", "2130706433", "*.0.0.1", "*.127.0.0.1", "api.slack.com,evil.com"),
    ],
)
def test_what_could_mean_more_than_one_host_and_those_below_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="without scheme, port and path") as refused:
        host_pattern(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        ({}, None),
        ({"apply": None}, None),
        ({"apply": {"hosts": None, "in": "header"}}, None),
        ({"apply": {"hosts": []}}, ()),
        ({"apply": {"hosts": ["A.example", "*.b.example"]}}, ("a.example", "*.b.example")),
    ],
)
def test_a_config_names_its_hosts_or_none(config: dict[str, Any], hosts: tuple[str, ...] | None) -> None:
    assert hosts_of(config) == hosts


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"apply": "a.example"}, "config.apply must be an object"),
        ({"apply": {"hosts": "a.example"}}, "config.apply.hosts must be a list"),
        ({"apply": {"hosts": ["a.example", "*"]}}, r"config\.apply\.hosts: '\*' is not one host"),
        ({"apply": {"hosts": [{"@type": "reference"}]}}, "is no host; give a text"),
    ],
)
def test_a_config_that_can_not_be_read_says_why(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        hosts_of(config)
