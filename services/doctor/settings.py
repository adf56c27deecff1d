"""The settings by themselves: what is missing, contradicts another, can't be read, or soon ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from libs.common.engines import check_pair, is_embedded
from libs.common.errors import EngineRefused
from libs.common.findings import Finding, fail, ok, warn
from libs.common.settings import Settings, SettingsRefused, is_loopback, missing_in_production
from services.certificates import ends
from services.from_settings import check_roles, egress_exceptions, key_file, key_ring
from services.internal_tls import client_context, server_context
from services.roles import Role

_RENEWED_BEFORE = timedelta(days=30)


async def examine_settings(settings: Settings, roles: Sequence[Role], now: datetime) -> list[Finding]:
    return await asyncio.to_thread(_examine, settings, roles, now)


def _examine(settings: Settings, roles: Sequence[Role], now: datetime) -> list[Finding]:
    checks: Sequence[Callable[[], object]] = (
        lambda: check_pair(settings.effective_store_url, settings.bus_url),
        lambda: check_roles(settings, roles),
        lambda: egress_exceptions(settings),
        lambda: _check_keys(settings),
        lambda: server_context(settings),
        lambda: client_context(settings),
    )
    findings = [fail("settings", sentence) for sentence in missing_in_production(settings)]
    findings += [fail("settings", sentence) for check in checks if (sentence := _refusal(check))]
    findings += [*_about_certificates(settings, now), *_about_defaults(settings)]
    return findings or [ok("settings", f"complete for {settings.interactor_env}")]


def _refusal(check: Callable[[], object]) -> str | None:
    try:
        check()
    except (SettingsRefused, EngineRefused) as refusal:
        return str(refusal)
    return None


def _check_keys(settings: Settings) -> None:
    """The file that a local server makes for itself is not made here, where another user may be at work."""
    missing = settings.credentials_keys is None
    if not missing or (not settings.production and key_file(settings).exists()):
        key_ring(settings)


def _about_certificates(settings: Settings, now: datetime) -> Iterator[Finding]:
    named = {
        "INTERNAL_TLS_CERT_FILE": settings.internal_tls_cert_file,
        "INTERNAL_TLS_CA_FILE": settings.internal_tls_ca_file,
    }
    for name, path in named.items():
        end = _end_of(path) if path is not None else None
        if end is not None and end < now:
            yield fail("certificates", f"{name} ended on {end:%Y-%m-%d}; {_renewal(name)}")
        elif end is not None and end < now + _RENEWED_BEFORE:
            yield warn("certificates", f"{name} ends on {end:%Y-%m-%d}; {_renewal(name)}")
        elif end is not None:
            yield ok("certificates", f"{name} is good until {end:%Y-%m-%d}")


def _renewal(name: str) -> str:
    what = "authority" if name.endswith("CA_FILE") else "certificates"
    return f'`make secrets ARGS="--rotate {what}"` makes another, and processes read it when they start'


def _end_of(path: Path) -> datetime | None:
    """None for what is no certificate, which is told where TLS is set up."""
    try:
        return ends(path.read_text())
    except (OSError, ValueError):
        return None


def _about_defaults(settings: Settings) -> Iterator[Finding]:
    if settings.production:
        return
    if not is_embedded(settings.effective_store_url):
        yield warn(
            "settings",
            "INTERACTOR_ENV is local, and what it allows is for one machine: set INTERACTOR_ENV=production "
            "where others can reach this",
        )
    elif not is_loopback(settings.host):
        yield warn(
            "settings", f"HOST={settings.host} is open to others with INTERACTOR_ENV=local; set it to production"
        )
