"""One process of a split run: started, read, started again when it dies by itself, and whatever a test does to it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

Hear = Callable[[str, str], None]
"""Takes the name of a process and a line that it wrote."""

_ROOT = Path(__file__).parent.parent.parent
_KEPT_LINES = 2_000
_STABLE_S = 30.0
_LONGEST_DELAY_S = 10.0
_LAST_WORDS_WITHIN_S = 1.0
_LINE_BYTES = 1 << 20
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """What is run, in the project's folder. `env` is the whole environment.

    `orphaned` is the signal that it gets should who runs it die: SIGKILL acts on what is paused, too.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    orphaned: signal.Signals = signal.SIGKILL


class Process:
    """A program that is kept running until `terminate`. `starts` counts how often it was started."""

    def __init__(self, name: str, program: Program, hear: Hear, *, first_delay_s: float = 0.5) -> None:
        self.name = name
        self.program = program
        self.starts = 0
        self.exit_codes: list[int] = []
        self._hear = hear
        self._first_delay_s = first_delay_s
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._running = asyncio.Event()
        self._stopping = False
        self._told_to_end = False
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started yet")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def output(self) -> str:
        """The end of what it wrote, over all its starts."""
        return "".join(f"{line}\n" for line in self._lines)

    async def start(self) -> None:
        """Returns once it runs, which is not yet that it answers."""
        self._keeping = asyncio.create_task(self._keep_running(), name=f"keep {self.name}")
        await self.started()

    async def started(self) -> None:
        """Returns once it runs, again if it died."""
        await self._running.wait()

    def kill(self) -> None:
        """SIGKILL; it is started again, with no longer delay than the first time."""
        self._told_to_end = True
        self._running.clear()
        self._send(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and does nothing."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._send(signal.SIGCONT)

    def restart(self) -> None:
        """SIGTERM: it ends as it does at a roll-out, and is started again as after `kill`."""
        self._told_to_end = True
        self._running.clear()
        self._send(signal.SIGTERM)

    async def terminate(self, within_s: float) -> None:
        """Ends it for good, by SIGKILL where it takes longer."""
        self._stopping = True
        if self._keeping is None:
            return
        if not self.alive:
            self._keeping.cancel()
        self.resume()
        self._send(signal.SIGTERM)
        _, late = await asyncio.wait((self._keeping,), timeout=within_s)
        if late:
            self._say(f"does not end within {within_s:g} s and is killed")
            self._send(signal.SIGKILL)
            await asyncio.wait((self._keeping,))

    def _send(self, which: signal.Signals) -> None:
        """Not by asyncio's own `send_signal`, which takes the exit code away from the waiting loop."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, which)

    async def _keep_running(self) -> None:
        delay_s = self._first_delay_s
        while True:
            ran_s = await self._run_once()
            if self._stopping:
                return
            delay_s = self._first_delay_s if self._told_to_end or ran_s > _STABLE_S else delay_s
            self._told_to_end = False
            self._say(f"ended with exit code {self.exit_codes[-1]} and starts again in {delay_s:g} s")
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, _LONGEST_DELAY_S)

    async def _run_once(self) -> float:
        """Answers for how long it ran."""
        loop = asyncio.get_running_loop()
        self._process = await asyncio.create_subprocess_exec(
            *self.program.command,
            cwd=_ROOT,
            env=dict(self.program.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_BYTES,
            start_new_session=True,  # Ctrl-C is for who started all, and ends them in order
            preexec_fn=_leash(self.program.orphaned),
        )
        started_s = loop.time()
        self.starts += 1
        self._running.set()
        reading = asyncio.create_task(self._read(self._process))
        self.exit_codes.append(await self._process.wait())
        self._running.clear()
        await asyncio.wait((reading,), timeout=_LAST_WORDS_WITHIN_S)  # what it started may hold its output open
        reading.cancel()
        return loop.time() - started_s

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            self._say_as_it_is(raw.decode(errors="replace").rstrip("\n"))

    def _say(self, what: str) -> None:
        self._say_as_it_is(f"*** {self.name} {what}")

    def _say_as_it_is(self, line: str) -> None:
        self._lines.append(line)
        self._hear(self.name, line)


def _leash(orphaned: signal.Signals) -> Callable[[], object] | None:
    """For the new process to call: Linux sends it the signal when its parent ends, however that ends."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, orphaned.value)
