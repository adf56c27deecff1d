"""Whether a URL, and the addresses that its host leads to, may be requested: decisions without I/O."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NoReturn

from yarl import URL

from libs.common.egress.addresses import Address, address_rule, forms
from libs.common.egress.allow import HOST_NAME, NUMERIC_END, Allow
from libs.common.egress.errors import EgressDenied, Rule

_SCHEMES = frozenset({"http", "https"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_PASSED_HOSTS = 10_000

_KIND = {
    Rule.METADATA: "a cloud's metadata service",
    Rule.UNSPECIFIED: "an unspecified address",
    Rule.LOOPBACK: "a loopback address",
    Rule.PRIVATE: "a private address",
    Rule.SHARED: "an address shared behind a carrier's NAT",
    Rule.LINK_LOCAL: "a link-local address",
    Rule.BENCHMARKING: "an address for benchmarks",
    Rule.DOCUMENTATION: "an address for documentation",
    Rule.TUNNEL: "an address of a tunnel",
    Rule.MULTICAST: "a multicast address",
    Rule.BROADCAST: "a broadcast address",
    Rule.RESERVED: "a reserved address",
}


class EgressRules:
    """The rules with the operator's exceptions. Everything here raises EgressDenied or returns."""

    def __init__(self, allow: Allow) -> None:
        self._allow = allow
        self._passed: set[str] = set()

    def parse(self, text: str, base: URL | None = None) -> URL:
        """The checked URL, relative to `base` if there is one; its host's name is still to be resolved."""
        if _CONTROL.search(text) is not None:
            raise EgressDenied(Rule.MALFORMED, "The URL must not contain control characters, tabs or line breaks.")
        try:
            url = URL(text) if base is None else _resolved(text, base)
            self._check(url)
        except ValueError as error:
            raise EgressDenied(Rule.MALFORMED, "The URL is not well-formed.") from error
        return url

    def check_addresses(self, host: str, addresses: Iterable[Address]) -> None:
        """One refused address refuses the host, else whoever answers for its name could mix a good one in."""
        if self._allow.permits_host(host):
            return
        for address in addresses:
            for form in forms(address):
                rule = address_rule(form)
                if rule is not None and not self._allow.permits_address(form):
                    _deny_address(rule, host)

    def _check(self, url: URL) -> None:
        if url.scheme not in _SCHEMES:
            raise EgressDenied(Rule.SCHEME, "The URL must start with http:// or https://.")
        if url.raw_user is not None or url.raw_password is not None:
            message = "The URL must not contain a user name or password; send an authorization header instead."
            raise EgressDenied(Rule.USERINFO, message)
        host = url.raw_host
        if not host or url.port == 0:
            raise EgressDenied(Rule.MALFORMED, "The URL must name a host, and a port other than 0 if any.")
        if host not in self._passed:
            self._check_host(host)
            self._remember(host)

    def _check_host(self, host: str) -> None:
        address = literal(host)
        if address is not None:
            self.check_addresses(host, (address,))

    def _remember(self, host: str) -> None:
        if len(self._passed) >= _MAX_PASSED_HOSTS:
            self._passed.clear()
        self._passed.add(host)


def _resolved(reference: str, base: URL) -> URL:
    """Only a path is joined: joining takes the brackets off a host, so that what is none would become one."""
    if reference.startswith("//"):
        return URL(f"{base.scheme}:{reference}")
    url = URL(reference)
    return url if url.absolute else base.join(url)


def literal(host: str) -> Address | None:
    """The address that a URL's host is, or None for a name; `host` as yarl's `raw_host` gives it."""
    if ":" in host:
        return _ipv6(host)
    name = host.removesuffix(".")
    if HOST_NAME.fullmatch(name) is None:
        raise EgressDenied(Rule.MALFORMED, "The URL's host is neither a host name nor an address.")
    return _ipv4(host) if NUMERIC_END.search(name) is not None else None


def _ipv6(host: str) -> IPv6Address:
    if "%" in host:
        raise EgressDenied(Rule.ZONE, "The URL's host must not be an IPv6 address with a zone id.")
    try:
        return IPv6Address(host)
    except AddressValueError as error:
        raise EgressDenied(Rule.MALFORMED, "The URL's host is not an IPv6 address.") from error


def _ipv4(host: str) -> IPv4Address:
    try:
        return IPv4Address(host)
    except AddressValueError:
        _deny_odd_ipv4(host)


def _deny_odd_ipv4(host: str) -> NoReturn:
    """Octal, hex, short and undotted forms: readers differ about them, so that none may pass, wherever it leads."""
    try:
        rule = address_rule(IPv4Address(socket.inet_aton(host.removesuffix("."))))
    except OSError as error:
        raise EgressDenied(Rule.MALFORMED, f"{host} ends in a number and is not an IPv4 address.") from error
    if rule is not None:
        _deny_address(rule, host)
    raise EgressDenied(Rule.NOTATION, f"{host} must be written as four decimal numbers with dots between.")


def _deny_address(rule: Rule, host: str) -> NoReturn:
    raise EgressDenied(
        rule, f"{host} leads to {_KIND[rule]}, which must not be requested unless EGRESS_ALLOW makes an exception."
    )
