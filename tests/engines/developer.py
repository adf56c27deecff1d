"""The engines that `make engines` leaves running, and what `.engines` says about them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.cache import locked
from tests.engines.engines import end, make_engines, processes
from tests.engines.progress import say
from tests.engines.run_folder import replace_text

FOLDER = Path(__file__).parent.parent.parent / ".engines"
_NAMES = {"mongo", "kafka"}


@dataclass(frozen=True)
class Running:
    store_url: str
    bus_url: str
    processes: dict[str, str]


class Developer:
    """In the folder, `env` is for shells, and `state.json` finds the engines again."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.env = folder / "env"
        self._folder = folder
        self._state = folder / "state.json"

    def running(self) -> Running | None:
        """Both, or nothing: one that is left over, or the records of a machine that was restarted, serve nobody."""
        if (state := self._read()) is None:
            return None
        found = processes(state["record"])
        return Running(state["store_url"], state["bus_url"], found) if found.keys() == _NAMES else None

    def start(self) -> Running:
        """What runs already stays. Raises EnginesMissing or EngineFailed."""
        with self._alone():
            if (running := self.running()) is not None:
                return running
            if self._state.exists():
                say("Earlier engines did not end in order; what is left of them is removed")
                self._end()
            engines = make_engines()
            try:
                engines.start(outlive=True)
                self._write(engines.store_url, engines.bus_url, engines.record)
            except BaseException:
                engines.close()
                raise
            return Running(engines.store_url, engines.bus_url, processes(engines.record))

    def stop(self) -> dict[str, str]:
        """Answers which it ended."""
        with self._alone():
            return self._end()

    def _end(self) -> dict[str, str]:
        if (state := self._read()) is None:
            return {}
        ended = processes(state["record"])
        end(state["record"])
        self._state.unlink()
        self.env.unlink(missing_ok=True)
        return ended

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(exist_ok=True)
        with locked(self._folder / "lock", "Another run starts or stops the engines; waiting for it"):
            yield

    def _read(self) -> dict[str, Any] | None:
        return json.loads(self._state.read_text()) if self._state.exists() else None

    def _write(self, store_url: str, bus_url: str, record: dict[str, Any]) -> None:
        state = {"store_url": store_url, "bus_url": bus_url, "record": record}
        replace_text(self._state, json.dumps(state, indent=2))
        replace_text(self.env, f"STORE_URL={shlex.quote(store_url)}\nBUS_URL={shlex.quote(bus_url)}\n")
