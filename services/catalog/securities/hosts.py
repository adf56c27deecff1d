"""Where a security lets users' credentials go: a public service has to say so, an own one may leave it open."""

from __future__ import annotations

from libs.common.egress.hosts import hosts_of
from services.catalog.securities.models import Security


def unbound(security: Security) -> str | None:
    """Why this is no security of a public service, None when it is."""
    try:
        hosts = hosts_of(security.config)
    except ValueError as error:
        return str(error)
    if hosts is None:
        return (
            "a public service names the hosts that users' credentials may go to; "
            "set config.apply.hosts, for example ['api.example.com', '*.example.com']"
        )
    return None
