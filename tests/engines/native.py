"""An engine as a process on this machine, on free loopback ports, with its data in a run folder."""

from __future__ import annotations

import random
import re
import socket
import time
from abc import ABC, abstractmethod
from typing import ClassVar

from tests.engines.errors import EngineFailed, last_lines
from tests.engines.run_folder import RunFolder

# Outside the ports that systems give to outgoing connections: a client that keeps trying to reach an engine that was
# killed could otherwise be given that very port, and connect to itself.
_PORTS = range(20_000, 30_000)
_OTHER_PORTS_TRIED = 4
_READY_WITHIN_S = 60.0
_LOOKS_EVERY_S = 0.01
_TAKEN = "Address already in use"


class NativeEngine(ABC):
    """`start` after `kill` or `stop` goes on with the same data on the same port."""

    name: ClassVar[str]
    ready_line: ClassVar[re.Pattern[str]]
    ports_needed: ClassVar[int] = 1
    graceful_end_s: ClassVar[float] = 15.0

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self.folder = run.path / self.name
        self.folder.mkdir()
        self._log = self.folder / "log"
        self._log_starts_at = 0
        self._ports: list[int] = []

    @abstractmethod
    def _command(self, ports: list[int]) -> list[str]: ...

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    def port(self) -> int:
        return self._ports[0]

    @property
    def pid(self) -> int:
        return self._run.pid(self.name)

    @property
    def alive(self) -> bool:
        return self._run.exit_code(self.name) is None

    def start(self) -> None:
        """Returns once it answers. Raises EngineFailed with the end of its log."""
        self.launch()
        self.ready()

    def launch(self) -> None:
        """Starts it, and does not wait."""
        chosen = self._ports or free_ports(self.ports_needed)
        self._log_starts_at = self._log.stat().st_size if self._log.exists() else 0
        self._run.spawn(self.name, self._command(chosen), self._log)
        self._launched_on = chosen

    def ready(self, within_s: float = _READY_WITHIN_S) -> None:
        """Waits until it answers; on its first start it goes to other ports as long as those are taken meanwhile."""
        for _ in range(_OTHER_PORTS_TRIED):
            if self._came_up(within_s):
                self._ports = self._launched_on
                return
            if self._ports or _TAKEN not in self._said():
                break
            self.launch()
        raise EngineFailed(f"{self.name} ended before it answered:\n{last_lines(self._said())}")

    def kill(self) -> None:
        """SIGKILL: it loses whatever it had only in memory."""
        self._run.end(self.name)

    def stop(self) -> None:
        self._run.end(self.name, self.graceful_end_s)

    def _came_up(self, within_s: float) -> bool:
        """False when it ended. Raises EngineFailed when it does neither."""
        give_up_at = time.monotonic() + within_s
        while not self.ready_line.search(self._said()):
            if not self.alive:
                return False
            if time.monotonic() > give_up_at:
                raise EngineFailed(f"{self.name} did not answer within {within_s:g} s:\n{last_lines(self._said())}")
            time.sleep(_LOOKS_EVERY_S)
        return True

    def _said(self) -> str:
        """The log since the last launch."""
        with self._log.open("rb") as log:
            log.seek(self._log_starts_at)
            return log.read().decode(errors="replace")


def free_ports(count: int) -> list[int]:
    """Free at this moment; whoever takes one must be ready to find it taken."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            return found
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the engines do
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    raise EngineFailed(f"none of the ports {_PORTS.start} to {_PORTS.stop - 1} is free")
