"""A temporary folder with the processes that work in it, and what it takes to end exactly those, now or later."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.engines.reaper import RELEASED

_ROOT = Path(__file__).parent.parent.parent
_PREFIX = "interactor-engines-"
_RECORDS = "processes.json"
_SIGKILL_ACTS_WITHIN_S = 10.0
_LOADED_WITHIN_S = 2.0
_LOOKS_EVERY_S = 0.01


class RunFolder:
    """Should its maker die without `close` or `release`, a process of its own ends the others and the folder."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._records: dict[str, dict[str, Any]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._reaper = subprocess.Popen(
            [sys.executable, "-m", "tests.engines.reaper", str(self.path)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def spawn(self, name: str, command: Sequence[str], log: Path) -> None:
        """Out of the terminal's process group: Ctrl-C is for whoever started it, who then ends it in order."""
        if name in self._processes and self.exit_code(name) is None:
            raise RuntimeError(f"{name} runs already")
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes[name] = process
        self._records[name] = {"pid": process.pid, "command": list(command)}
        replace_text(self.path / _RECORDS, json.dumps(self._records))

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def exit_code(self, name: str) -> int | None:
        """None while it runs."""
        return self._processes[name].poll()

    def end(self, name: str, grace_s: float = 0) -> None:
        """SIGTERM, and SIGKILL if it still runs after the grace; without one SIGKILL at once."""
        process = self._processes[name]
        if grace_s:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
        process.kill()
        process.wait()

    def release(self) -> None:
        """The processes may outlive this one; `end_run` ends them."""
        self._reaper.communicate(RELEASED)
        for process in self._processes.values():
            process.returncode = 0  # nobody waits for them here any more

    def close(self) -> None:
        """Their data goes too, so nothing is gained by ending them gently."""
        for name in self._processes:
            self.end(name)
        end_run(self.path)  # those that were released
        if self._reaper.returncode is None:
            self._reaper.communicate()


def still_running(folder: Path) -> dict[str, psutil.Process]:
    """Those that were spawned for the folder. A process that only has the same number is none of them."""
    try:
        records = json.loads((folder / _RECORDS).read_text())
    except FileNotFoundError:
        return {}
    found = {name: _process(record["pid"], record["command"]) for name, record in records.items()}
    return {name: process for name, process in found.items() if process is not None}


def end_run(folder: Path, grace_s: float = 0) -> None:
    """Ends them all, and removes the folder with their data."""
    if not folder.name.startswith(_PREFIX):
        raise ValueError(f"{folder} is no folder of engines; nothing was removed")
    processes = still_running(folder).values()
    if grace_s:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
    _, remaining = psutil.wait_procs(processes, grace_s)
    for process in remaining:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(remaining, _SIGKILL_ACTS_WITHIN_S)
    shutil.rmtree(folder, ignore_errors=True)


def _process(pid: int, command: Sequence[str]) -> psutil.Process | None:
    """By its arguments, which name a folder made for it alone: unlike start times they survive a clock that is set."""
    try:
        process = psutil.Process(pid)
        return process if _arguments(process) == list(command[1:]) else None
    except psutil.Error:
        return None


def _arguments(process: psutil.Process) -> list[str]:
    """A program that is being loaded has none for an instant, after whoever started it already goes on."""
    give_up_at = time.monotonic() + _LOADED_WITHIN_S
    while not (command := process.cmdline()) and time.monotonic() < give_up_at:
        time.sleep(_LOOKS_EVERY_S)
    return command[1:]


def replace_text(path: Path, text: str) -> None:
    """Readers see the old text or the new one."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
