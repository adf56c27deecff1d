"""The ways to write an IPv4 address: by itself, and inside IPv6 addresses that translators and tunnels know."""

from __future__ import annotations

from ipaddress import IPv4Address

from libs.common.egress import Rule

REFUSED_ADDRESSES = {
    "0.0.0.0": Rule.UNSPECIFIED,
    "10.1.2.3": Rule.PRIVATE,
    "100.64.7.8": Rule.SHARED,
    "127.0.0.1": Rule.LOOPBACK,
    "169.254.169.254": Rule.METADATA,
    "169.254.1.2": Rule.LINK_LOCAL,
    "172.16.5.6": Rule.PRIVATE,
    "192.0.2.5": Rule.DOCUMENTATION,
    "192.168.1.1": Rule.PRIVATE,
    "198.18.0.9": Rule.BENCHMARKING,
    "224.0.0.251": Rule.MULTICAST,
    "255.255.255.255": Rule.BROADCAST,
}


def ipv4_notations(address: IPv4Address) -> list[str]:
    a, b, c, d = address.packed
    number = int(address)
    return [
        f"{a}.{b}.{c}.{d}",
        f"{number}",
        f"{number:#x}",
        f"{number:#X}".replace("0X", "0x"),
        f"0{number:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"000{a:o}.{b}.0x{c:x}.{d}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"{a}.{b}.{c}.{d}.",
    ]


def ipv6_notations(address: IPv4Address) -> list[str]:
    a, b, c, d = address.packed
    high, low = f"{a:02x}{b:02x}", f"{c:02x}{d:02x}"
    inverted = ~int(address) & 0xFFFFFFFF
    return [
        f"::ffff:{address}",
        f"::ffff:{high}:{low}",
        f"0:0:0:0:0:FFFF:{high.upper()}:{low.upper()}",
        f"::ffff:0:{address}",
        f"64:ff9b::{address}",
        f"64:ff9b::{high}:{low}",
        f"2002:{high}:{low}::",
        f"2002:{high}:{low}:1::1",
        f"2001:0:{high}:{low}::f7f7:f7f7",
        f"2001:0:808:808::{inverted >> 16:x}:{inverted & 0xFFFF:x}",
        f"2606:4700::5efe:{high}:{low}",
        f"2606:4700::200:5efe:{high}:{low}",
    ]
