"""The operator's exceptions from the address rules: the setting EGRESS_ALLOW."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network

from yarl import URL

from libs.common.egress.addresses import Address, Network

HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
NUMERIC_END = re.compile(r"(?:\A|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")


@dataclass(frozen=True, slots=True)
class Allow:
    """Addresses in `networks` may be reached, and hosts by these names wherever they lead."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, setting: str) -> Allow:
        """Reads `10.0.0.0/8, ::1, hooks.test, *.corp.test`; raises ValueError naming the entry that is none of these.

        `*.corp.test` stands for every name below corp.test, not for corp.test itself.
        """
        entries = [entry.strip() for entry in setting.split(",") if entry.strip()]
        names = [entry for entry in entries if not _looks_like_network(entry)]
        wildcards = [name for name in names if name.startswith("*.")]
        return cls(
            networks=tuple(_network(entry) for entry in entries if _looks_like_network(entry)),
            hosts=frozenset(_host(name, name) for name in names if name not in wildcards),
            suffixes=tuple("." + _host(name[2:], name) for name in wildcards),
        )

    def permits_address(self, address: Address) -> bool:
        return any(address in network for network in self.networks)

    def permits_host(self, host: str) -> bool:
        """`host` in lower case and ASCII, with or without a trailing dot."""
        name = host.removesuffix(".")
        return name in self.hosts or name.endswith(self.suffixes)


def _looks_like_network(entry: str) -> bool:
    return ":" in entry or "/" in entry or NUMERIC_END.search(entry.lower()) is not None


def _network(entry: str) -> Network:
    try:
        return ip_network(entry)
    except ValueError as error:
        raise ValueError(f"EGRESS_ALLOW: {entry!r} is not a network or address such as 10.0.0.0/8 or ::1") from error


def _host(name: str, entry: str) -> str:
    host = ascii_host(name)
    if not host:
        raise ValueError(f"EGRESS_ALLOW: {entry!r} is not a host name such as hooks.example or *.example")
    return host


def ascii_host(name: str) -> str:
    """A host's name in lower case and ASCII, without a trailing dot; empty when it is none."""
    try:
        host = (URL.build(scheme="http", host=name).raw_host or "").removesuffix(".")
    except ValueError:
        return ""
    return host if HOST_NAME.fullmatch(host) is not None else ""
