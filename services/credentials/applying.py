"""How a security puts a user's credential on a request: its type and config decide where which text goes."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.common.contracts.catalog import SecurityGrant
from libs.common.egress.hosts import hosts_of
from libs.common.errors import Conflict, invalid
from services.credentials.models import Kind

_KIND_BY_TYPE = {
    "apiKey": Kind.KEY,
    "basic": Kind.BASIC,
    "bearer": Kind.KEY,
    "oauth2": Kind.OAUTH,
}
_BODY_FORM = {
    Kind.KEY: "key{token}",
    Kind.BASIC: "basic{username, password}",
    Kind.OAUTH: "oauth{token}",
}
_BEARER: Mapping[str, Any] = {"in": "header", "name": "Authorization", "prefix": "Bearer"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


@dataclass(frozen=True, slots=True)
class Applied:
    """What goes on a request, and to which hosts it may go; `token` is the bare text that scripts see."""

    token: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: dict[str, str] = field(default_factory=dict, repr=False)
    hosts: tuple[str, ...] | None = None


def check_kind(security: SecurityGrant, kind: Kind) -> None:
    """Raises Invalid when the security takes another kind of credential."""
    wanted = _kind_of(security)
    if wanted is not kind:
        raise invalid(
            kind.value,
            f"security '{name_of(security)}' is of type {security.type}; send {_BODY_FORM[wanted]} instead",
        )


def apply(security: SecurityGrant, kind: Kind, secrets: Mapping[str, str]) -> Applied:
    """Raises Conflict when the security's config does not say how, or takes another kind by now."""
    if _kind_of(security) is not kind:
        raise _refused(security, "takes another kind of credential than this token holds; connect the user again.")
    hosts = _hosts(security)
    if kind is Kind.BASIC:
        token = base64.b64encode(f"{secrets['username']}:{secrets['password']}".encode()).decode()  # RFC 7617
        return Applied(token, headers={"Authorization": f"Basic {token}"}, hosts=hosts)
    return _placed(secrets["token"], *_place(security), hosts)


def name_of(security: SecurityGrant) -> str:
    """The security as messages name it: the first value of its label, else its id."""
    return next(iter(security.label.values()), security.id)


def _kind_of(security: SecurityGrant) -> Kind:
    kind = _KIND_BY_TYPE.get(security.type)
    if kind is None:
        raise _refused(security, f"has the type {security.type!r}; use apiKey, basic, bearer or oauth2.")
    return kind


def _place(security: SecurityGrant) -> tuple[bool, str, str]:
    """Whether in a header (else in the query), under which name, after which prefix."""
    place = security.config if security.type == "apiKey" else {**_BEARER, **_apply_of(security)}
    where, name, prefix = place.get("in"), place.get("name"), place.get("prefix", "")
    if where not in ("header", "query") or not isinstance(name, str) or not name or not isinstance(prefix, str):
        raise _refused(
            security,
            "config.in and config.name say where the key goes, "
            "for example in: header, name: X-Api-Key (and prefix, a text, what stands before it).",
        )
    if where == "header" and not (_HEADER_NAME.fullmatch(name) and prefix.isprintable()):
        raise _refused(security, "config.name must be the name of a header, config.prefix printable.")
    return where == "header", name, prefix


def _placed(token: str, in_header: bool, name: str, prefix: str, hosts: tuple[str, ...] | None) -> Applied:
    """A prefix that ends in a letter or digit (`Bearer`) is set apart by a space."""
    text = f"{prefix} {token}" if prefix[-1:].isalnum() else f"{prefix}{token}"
    return (
        Applied(token, headers={name: text}, hosts=hosts)
        if in_header
        else Applied(token, query={name: text}, hosts=hosts)
    )


def _hosts(security: SecurityGrant) -> tuple[str, ...] | None:
    try:
        return hosts_of(security.config)
    except ValueError as error:
        raise _refused(security, f"{error}.") from None


def _apply_of(security: SecurityGrant) -> Mapping[str, Any]:
    apply_config = security.config.get("apply")
    if apply_config is None:
        return {}
    if not isinstance(apply_config, dict):
        raise _refused(security, "config.apply must be an object, for example {'hosts': ['api.example.com']}.")
    return apply_config


def _refused(security: SecurityGrant, reason: str) -> Conflict:
    return Conflict("credential_invalid", f"security '{name_of(security)}': {reason}")
