"""TLS between processes: what the internal port shows, and whom those who ask it trust."""

from __future__ import annotations

import ssl

from libs.common.settings import Settings, SettingsRefused

_PAIR = "INTERNAL_TLS_CERT_FILE and INTERNAL_TLS_KEY_FILE"


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS of the internal port; None where no certificate is set. Raises SettingsRefused."""
    certificate, key = settings.internal_tls_cert_file, settings.internal_tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsRefused(f"{_PAIR} belong together; set both, or neither.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise _unusable(_PAIR, error) from None
    return context


def client_context(settings: Settings) -> ssl.SSLContext:
    """Trusts INTERNAL_TLS_CA_FILE alone, the system's authorities where none is set. Raises SettingsRefused."""
    try:
        context = ssl.create_default_context(cafile=settings.internal_tls_ca_file)
    except (ssl.SSLError, OSError) as error:
        raise _unusable("INTERNAL_TLS_CA_FILE", error) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _unusable(setting: str, error: OSError) -> SettingsRefused:
    reason = error.strerror or error
    return SettingsRefused(f"{setting} can't be used ({reason}); `make secrets` makes certificates and keys that fit.")
