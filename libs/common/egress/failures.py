"""The sentence for each way in which the network, TLS or the other side's HTTP can fail."""

from __future__ import annotations

import os

import aiohttp

from libs.common.egress.errors import EgressFailed


def failure(error: Exception, host: str) -> EgressFailed:
    """Says what happened without the address that was tried, which may be the operator's secret."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return EgressFailed("dns", f"No address was found for {host}.")
        case aiohttp.ClientConnectorCertificateError():
            return EgressFailed("tls", f"The TLS certificate of {host} was refused{_certificate_reason(error)}.")
        case aiohttp.ClientSSLError():
            return EgressFailed("tls", f"No TLS connection could be agreed with {host}.")
        case aiohttp.ClientConnectorError():
            return EgressFailed("connect", f"{host} could not be connected to{_system_reason(error)}.")
        case aiohttp.ClientConnectionError():
            return EgressFailed("disconnected", f"{host} closed the connection before its answer was complete.")
        case aiohttp.ClientError():
            return EgressFailed("protocol", f"{host} did not answer in valid HTTP.")
        case OSError():
            return EgressFailed("disconnected", f"The connection to {host} broke{_system_reason(error)}.")
        case _:
            return EgressFailed("invalid_request", f"The request to {host} could not be written as HTTP.")


def _certificate_reason(error: aiohttp.ClientConnectorCertificateError) -> str:
    reason = getattr(error.certificate_error, "verify_message", "")
    return f": {reason}" if reason else ""


def _system_reason(error: OSError) -> str:
    return f": {os.strerror(error.errno)}" if error.errno else ""
