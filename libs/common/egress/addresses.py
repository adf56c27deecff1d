"""Which addresses no request may reach, after the IANA special-purpose registries and the clouds' manuals."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

from libs.common.egress.errors import Rule

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# In order of precedence: an address has the rule of the first range that holds it. Local NAT64 (64:ff9b:1::/48,
# RFC 8215) is private as a whole, as nobody outside knows where in it an IPv4 address stands.
_RANGES: tuple[tuple[Rule, str], ...] = (
    # AWS, ECS, EKS, Alibaba, Azure's wire server, Oracle; then AWS, EKS, Google, Scaleway, Oracle over IPv6.
    (Rule.METADATA, "169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 168.63.129.16 192.0.0.192"),
    (Rule.METADATA, "fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42 fd00:c1::a9fe:a9fe"),
    (Rule.UNSPECIFIED, "0.0.0.0/8 ::"),
    (Rule.LOOPBACK, "127.0.0.0/8 ::1"),
    (Rule.PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10 64:ff9b:1::/48"),
    (Rule.SHARED, "100.64.0.0/10"),
    (Rule.LINK_LOCAL, "169.254.0.0/16 fe80::/10"),
    (Rule.BENCHMARKING, "198.18.0.0/15 2001:2::/48"),
    (Rule.DOCUMENTATION, "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20"),
    (Rule.TUNNEL, "192.88.99.0/24 2001::/32 2002::/16"),
    (Rule.MULTICAST, "224.0.0.0/4 ff00::/8"),
    (Rule.BROADCAST, "255.255.255.255"),
    (Rule.RESERVED, "192.0.0.0/24 240.0.0.0/4 2001::/23"),
)
_REFUSED = tuple((rule, ip_network(text)) for rule, texts in _RANGES for text in texts.split())
# Global unicast, NAT64 and IPv4-mapped; whatever else IPv6 has is not for the public internet.
_IPV6_REACHABLE = tuple(IPv6Network(text) for text in ("2000::/3", "64:ff9b::/96", "::ffff:0:0/96"))

# Where an IPv6 address carries an IPv4 address: the range and the position of the lowest bit.
_EMBEDDING: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291
    (IPv6Network("::/96"), 0),  # IPv4-compatible, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
    (IPv6Network("2001::/32"), 64),  # Teredo: the server, RFC 4380
)
_TEREDO = IPv6Network("2001::/32")
_ISATAP_IDENTIFIER = 0x00005EFE
_ISATAP_MASK = 0xFCFFFFFF  # without the universal and group bits, RFC 5214


def address_rule(address: Address) -> Rule | None:
    """The rule that this address breaks by itself; see `forms` for those that it carries."""
    for rule, network in _REFUSED:
        if address in network:
            return rule
    if address.version == 6 and not any(address in network for network in _IPV6_REACHABLE):
        return Rule.RESERVED
    return None


def forms(address: Address) -> Iterator[Address]:
    """Every IPv4 address that a translator or tunnel on the way might make of this one, then the address itself."""
    if isinstance(address, IPv6Address):
        yield from _embedded(address)
    yield address


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    value = int(address)
    if value <= 1:  # `::` and `::1` lie in the IPv4-compatible range and mean something else
        return
    for network, shift in _EMBEDDING:
        if address in network:
            yield _low_32_bits(value >> shift)
    if address in _TEREDO:
        yield _low_32_bits(~value)  # the client's, inverted
    if (value >> 32) & _ISATAP_MASK == _ISATAP_IDENTIFIER:
        yield _low_32_bits(value)


def _low_32_bits(value: int) -> IPv4Address:
    return IPv4Address(value & 0xFFFFFFFF)
