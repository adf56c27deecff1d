"""Where a credential may go: the patterns of `apply.hosts` in a security's config."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from libs.common.egress.allow import NUMERIC_END, ascii_host

_LIKE = "for example 'api.example.com', or '*.example.com' for every name below it"


def host_pattern(text: object) -> str:
    """A pattern as hosts are compared with it: in lower case and ASCII. Raises ValueError saying what is wrong.

    A wildcard stands for the names below one with a dot in it: `*` and `*.com` would be everybody's.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.100} is no host; give a text, {_LIKE}")
    name = text.removeprefix("*.")
    host = ascii_host(name)
    if not host or (name != text and ("." not in host or NUMERIC_END.search(host))) or not _as_written(host):
        raise ValueError(
            f"{text[:100]!r} is not one host, or the names below one; give it without scheme, port and path, {_LIKE}"
        )
    return host if name == text else f"*.{host}"


def hosts_of(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The patterns of a security's config, None where it names none. Raises ValueError saying what is wrong."""
    applied = config.get("apply")
    if applied is None:
        return None
    if not isinstance(applied, dict):
        raise ValueError("config.apply must be an object, for example {'hosts': ['api.example.com']}")
    hosts = applied.get("hosts")
    if hosts is None:
        return None
    if not isinstance(hosts, list):
        raise ValueError(f"config.apply.hosts must be a list of hosts, {_LIKE}")
    try:
        return tuple(host_pattern(host) for host in hosts)
    except ValueError as error:
        raise ValueError(f"config.apply.hosts: {error}") from None


def _as_written(host: str) -> bool:
    """Whether a host that ends in a number is an address, in the one notation that may be requested."""
    if NUMERIC_END.search(host) is None:
        return True
    try:
        return str(ip_address(host)) == host
    except ValueError:
        return False
