"""What an event's `config.verify` may declare: a provider's preset by name, or a scheme with its members."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libs.common.verification.verifiers import Basic, Hmac, StandardWebhooks, Stripe, Token, Unverified, Verifier

_ALGORITHMS = ("sha1", "sha256", "sha512")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider's own way, and where it puts the id of an event."""

    verifier: Verifier
    event_id: str | None = None


# Each as the provider's webhook documentation describes it.
PRESETS: dict[str, Preset] = {
    "github": Preset(Hmac("sha256", "x-hub-signature-256", prefix="sha256="), "header:x-github-delivery"),
    "gitlab": Preset(Token(header="x-gitlab-token"), "header:x-gitlab-event-uuid"),
    "stripe": Preset(Stripe(), "body:id"),
    "slack": Preset(
        Hmac(
            "sha256",
            "x-slack-signature",
            prefix="v0=",
            payload="v0:{timestamp}:{body}",
            timestamp_header="x-slack-request-timestamp",
            tolerance_s=300,
        ),
        "body:event_id",
    ),
    "shopify": Preset(Hmac("sha256", "x-shopify-hmac-sha256", encoding="base64"), "header:x-shopify-webhook-id"),
    "jira": Preset(Hmac("sha256", "x-hub-signature", prefix="sha256="), "header:x-atlassian-webhook-identifier"),
    "zendesk": Preset(
        Hmac(
            "sha256",
            "x-zendesk-webhook-signature",
            encoding="base64",
            payload="{timestamp}{body}",
            timestamp_header="x-zendesk-webhook-signature-timestamp",
        ),
        "header:x-zendesk-webhook-invocation-id",
    ),
    "google-channel": Preset(Token(header="x-goog-channel-token")),
    "standard-webhooks": Preset(StandardWebhooks(), "header:webhook-id"),
}


def preset_of(declaration: object) -> Preset:
    """What an event's `config.verify` declares. Raises ValueError with a sentence that says what is wrong."""
    if isinstance(declaration, str):
        if declaration not in PRESETS:
            raise ValueError(f"unknown preset {declaration!r}; known are {', '.join(sorted(PRESETS))}")
        return PRESETS[declaration]
    if not isinstance(declaration, dict):
        raise ValueError("must be the name of a preset, or an object with a scheme")
    scheme = declaration.get("scheme")
    if not isinstance(scheme, str) or scheme not in _SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(sorted(_SCHEMES))}")
    return Preset(_SCHEMES[scheme]({name: value for name, value in declaration.items() if name != "scheme"}))


def _hmac(members: dict[str, Any]) -> Verifier:
    _only(members, {"algorithm", "header", "encoding", "prefix", "payload", "timestampHeader", "tolerance"})
    algorithm, encoding = members.get("algorithm", "sha256"), members.get("encoding", "hex")
    payload = {"body": "{body}"}.get(members.get("payload", "body"), members.get("payload", ""))
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(_ALGORITHMS)}")
    if encoding not in ("hex", "base64"):
        raise ValueError("encoding must be hex or base64")
    if not isinstance(payload, str) or payload.count("{body}") != 1:
        raise ValueError("payload must be `body` or a template that holds {body} once")
    unknown = set(_PLACEHOLDER.findall(payload)) - {"body", "timestamp"}
    if unknown:
        raise ValueError(f"payload knows {{body}} and {{timestamp}}, not {{{unknown.pop()}}}")
    timestamp_header = _optional_header(members, "timestampHeader")
    if "{timestamp}" in payload and timestamp_header is None:
        raise ValueError("payload uses {timestamp}, so timestampHeader must name its header")
    return Hmac(
        algorithm,
        _header(members, "header"),
        encoding,
        _text(members, "prefix"),
        payload,
        timestamp_header,
        _tolerance(members),
    )


def _token(members: dict[str, Any]) -> Verifier:
    _only(members, {"header", "query"})
    if ("header" in members) == ("query" in members):
        raise ValueError("scheme token needs header or query, the place of the secret")
    if "header" in members:
        return Token(header=_header(members, "header"))
    if not isinstance(members["query"], str) or not members["query"]:
        raise ValueError("query must name a query parameter")
    return Token(query=members["query"])


def _plain(verifier: Verifier) -> Callable[[dict[str, Any]], Verifier]:
    def make(members: dict[str, Any]) -> Verifier:
        _only(members, set())
        return verifier

    return make


_SCHEMES: dict[str, Callable[[dict[str, Any]], Verifier]] = {
    "hmac": _hmac,
    "token": _token,
    "basic": _plain(Basic()),
    "standard-webhooks": _plain(StandardWebhooks()),
    "none": _plain(Unverified()),
}


def _only(members: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(members) - known)
    if unknown:
        raise ValueError(f"unknown member {unknown[0]!r}; known are {', '.join(sorted(known)) or 'none'}")


def _header(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must name a header")
    return value.lower()


def _optional_header(members: dict[str, Any], name: str) -> str | None:
    return _header(members, name) if name in members else None


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def _tolerance(members: dict[str, Any]) -> int | None:
    value = members.get("tolerance")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError("tolerance must be a whole number of seconds")
    return value
