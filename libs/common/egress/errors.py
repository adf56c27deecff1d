"""How a request can fail to bring an answer, each with a stable code and one sentence for a human."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """What a refused request would have broken; the label under which refusals are counted."""

    SCHEME = "scheme"
    USERINFO = "userinfo"
    MALFORMED = "malformed_url"
    NOTATION = "notation"
    ZONE = "zone_id"
    METADATA = "metadata"
    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    SHARED = "shared"
    LINK_LOCAL = "link_local"
    BENCHMARKING = "benchmarking"
    DOCUMENTATION = "documentation"
    TUNNEL = "tunnel"
    MULTICAST = "multicast"
    BROADCAST = "broadcast"
    RESERVED = "reserved"
    CREDENTIAL = "apply.hosts"


class EgressError(Exception):
    """No answer to a request. The message names no address other than the host that was asked for."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class EgressDenied(EgressError):
    """Refused by a rule before anything was sent."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__("egress_denied", message)
        self.rule = rule


class EgressTimeout(EgressError):
    """The whole exchange, redirects included, took longer than it was given."""

    def __init__(self, message: str) -> None:
        super().__init__("timeout", message)


class EgressFailed(EgressError):
    """Codes: `invalid_request`, `dns`, `connect`, `tls`, `disconnected`, `protocol`, `too_many_redirects`."""


class ResponseTooLarge(EgressError):
    """The body, decompressed, is over the limit."""

    def __init__(self, message: str) -> None:
        super().__init__("response_too_large", message)
