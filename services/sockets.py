"""The two listening sockets of a process, bound before anything is built, so that ports and URLs are known."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from libs.common.settings import Settings, SettingsRefused


@dataclass(frozen=True, slots=True)
class Sockets:
    """`internal_scheme` is https where the internal port has a certificate."""

    api: socket.socket
    internal: socket.socket
    internal_scheme: str

    @classmethod
    def listen(cls, settings: Settings, internal_scheme: str) -> Sockets:
        """Raises SettingsRefused for a port that is taken."""
        return cls(
            _listen(settings.host, settings.port, "PORT"),
            _listen(settings.internal_host, settings.internal_port, "INTERNAL_PORT"),
            internal_scheme,
        )

    @property
    def api_url(self) -> str:
        return _url("http", self.api)

    @property
    def internal_url(self) -> str:
        return _url(self.internal_scheme, self.internal)

    def close(self) -> None:
        self.api.close()
        self.internal.close()


def _listen(host: str, port: int, setting: str) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise SettingsRefused(
            f"{setting}={port}: can't listen on {host} ({error.strerror}); choose another port, or 0 for a free one"
        ) from None


def _url(scheme: str, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
