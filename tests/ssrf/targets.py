"""Where no request may lead: the URLs, each with the rule that refuses it, and the names with their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from tests.common.egress.notations import REFUSED_ADDRESSES, ipv4_notations, ipv6_notations

_REFUSED_URLS = Path(__file__).parent.parent / "common" / "egress" / "refused.txt"
_NAMES = Path(__file__).parent / "names.txt"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with `{port}` in it, if it has room for the trap's."""

    rule: str
    url: str


def targets() -> list[Target]:
    """Each URL once."""
    found = [Target(rule, url) for rule, url in _pairs(_REFUSED_URLS)]
    for text, rule in REFUSED_ADDRESSES.items():
        found += [Target(rule, f"http://{host}:{{port}}/") for host in ipv4_notations(IPv4Address(text))]
        found += [Target(rule, f"http://[{host}]:{{port}}/") for host in ipv6_notations(IPv4Address(text))]
    found += [Target(rule, f"http://{line.split()[0]}:{{port}}/") for rule, line in _pairs(_NAMES)]
    found += [Target("malformed_url", f"http://127.0.0.1{odd}:{{port}}/") for odd in ("\t", "\n", "\r", "\x00", "\\")]
    found += [Target("malformed_url", url) for url in ("http://127.0.0.1:{port}\r\nHost: x/", "http://a\nb:{port}/")]
    return list({target.url: target for target in found}.values())


def addresses_by_name() -> dict[str, list[str]]:
    """By the name as it is looked up: in lower case, in ASCII."""
    lines = [line.split() for _, line in _pairs(_NAMES)]
    return {_looked_up(name): addresses for name, *addresses in lines}


def _looked_up(name: str) -> str:
    return name.encode("idna").decode().lower() if not name.isascii() else name.lower()


def _pairs(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(rule, rest) for rule, _, rest in pairs]
