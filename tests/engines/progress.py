"""Commands that take long, and say so while they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.engines.errors import EnginesMissing, last_lines

_FIRST_WORD_AFTER_S = 1.0
_THEN_EVERY_S = 10.0


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(what: str, command: Sequence[str], log: Path, keeps: int, environment: Mapping[str, str] | None = None) -> None:
    """Raises EnginesMissing when the command fails. The file `keeps` stays open in it, and whatever lock that holds."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            pass_fds=[keeps],
            start_new_session=True,
        )
        try:
            _wait(process, what)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode != 0:
        said = last_lines(log.read_text(errors="replace"))
        raise EnginesMissing(f"{what} failed with exit code {process.returncode}; the whole output is in {log}\n{said}")


def _wait(process: subprocess.Popen[bytes], what: str) -> None:
    started_at, pause_s = time.monotonic(), _FIRST_WORD_AFTER_S
    while True:
        try:
            process.wait(pause_s)
        except subprocess.TimeoutExpired:
            say(f"{what}: {time.monotonic() - started_at:.0f} s so far")
            pause_s = _THEN_EVERY_S
        else:
            return
