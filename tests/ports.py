"""Free ports that stay free for whom they are meant, however often that one is started anew."""

from __future__ import annotations

import socket
from types import TracebackType


class Ports:
    """Reserves ports on loopback until it is closed.

    A socket that is bound and does not listen keeps the system from giving its port to anybody who asks for a
    free one, and lets whoever names the port listen on it.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self) -> int:
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        self._held.append(held)
        return int(held.getsockname()[1])

    def close(self) -> None:
        while self._held:
            self._held.pop().close()

    def __enter__(self) -> Ports:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
