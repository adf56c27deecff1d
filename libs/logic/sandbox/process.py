"""One sandbox process seen from its service: started, fed with frames, watched, and killed when it hangs."""

import asyncio
import contextlib
import importlib.util
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from libs.logic.sandbox import frames
from libs.logic.sandbox.calls import Call
from libs.logic.sandbox.inside.lockdown import LockdownRefused

Seccomp = Literal["required", "off"]

_ROOT = str(Path(__file__).resolve().parents[3])
_START = "import importlib, sys; sys.path += sys.argv[3:]; importlib.import_module(sys.argv[1]).main(sys.argv[2])"
_START_S = 10.0

# Before a process that hangs is killed, what it may have replied already is given this long to be read.
_READ_S = 0.02

# A process that gets so little of the cores that its turn takes this many times as long is given up.
_STRETCH = 10

# The clock of another process by its id, as clock_getcpuclockid(3) makes it.
_CPUCLOCK_SCHED = 2

# How many frames the process may have before it: one that it works on, the others to go on with at once.
# More would wait behind a script that hangs while another process is free.
_WINDOW = 3

# A frame that takes longer than this is likely to go on for long: nothing more is put behind it.
_PROMPT_S = 0.02


@dataclass(frozen=True, slots=True)
class Program:
    """A kind of sandbox process."""

    module: str
    """Has a function `main`, which serves frames."""
    call: str
    """What one of its calls is called."""
    folders: tuple[str, ...]
    """Those with what it imports beside the standard library and ours."""
    kept: bool
    """Whether as many as there are cores stay though they have nothing to do."""
    spares: int
    """How many others there may be beside each that is at a call that takes long."""
    idle_kept_s: float = 30.0
    """For how long one stays that has nothing to do and is not kept."""


def _folders(*packages: str) -> tuple[str, ...]:
    """Those that hold the packages."""
    folders: dict[str, None] = {}
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"the package {package} is not installed")
        place = Path(spec.origin)
        folders[str(place.parents[1] if place.name == "__init__.py" else place.parent)] = None
    return tuple(folders)


SCRIPTS = Program("libs.logic.sandbox.inside.child", "script", _folders("_quickjs"), kept=True, spares=2)
COMPUTATIONS = Program(
    "libs.logic.sandbox.inside.computing", "computation", _folders("jsonata", "re2", "orjson"), kept=False, spares=1
)


class SandboxProcess(asyncio.Protocol):
    """Frames go in order, each is replied to in order, so the oldest without reply is the one being run."""

    def __init__(self, program: Program, *, grace_s: float, seccomp: Seccomp, on_room: Callable[[], None]) -> None:
        self.calls: dict[int, Call] = {}
        self.overrun: Call | None = None
        self.retired = False
        self.has_replied = False
        """Whether it has proven to be of use."""
        self.lost = asyncio.Event()
        self._program = program
        self._grace_s = grace_s
        self._seccomp = seccomp
        self._on_room = on_room
        self._unreplied: deque[int] = deque()
        self._backlog: deque[tuple[int, bytes]] = deque()
        self._call_is_due = False
        """Whether a new call, if one waits, has the next turn before an answer."""
        self._buffer = bytearray()
        self._ready = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._process: Process | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._suspected = False
        self._turn_since_s = 0.0
        self._turn_since_cpu_s = 0.0

    async def start(self) -> None:
        """Raises OSError when the process doesn't come up."""
        await self._spawn()
        try:
            async with asyncio.timeout(_START_S):
                await self._ready
        except LockdownRefused:
            await self.stop()
            raise
        except OSError:
            await self.stop()
            raise ConnectionError("a sandbox process did not come up") from None
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _START,
                    self._program.module,
                    self._seccomp,
                    _ROOT,
                    *self._program.folders,
                    stdin=theirs.fileno(),
                    stdout=DEVNULL,
                    env={},
                )
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            self.kill()
            raise

    @property
    def load(self) -> tuple[int, int]:
        return len(self._unreplied) + len(self._backlog), len(self.calls)

    @property
    def has_room(self) -> bool:
        open_ = len(self._unreplied) < _WINDOW and not self.lost.is_set()
        return open_ and (self._call_is_due or not self._backlog) and self.busy_s < _PROMPT_S

    @property
    def busy_s(self) -> float:
        """For how long it has been at the frame that it works on; 0 while it is idle."""
        return asyncio.get_running_loop().time() - self._turn_since_s if self._unreplied else 0.0

    @property
    def idle_s(self) -> float:
        """For how long it has had nothing to do; 0 while it has calls."""
        return asyncio.get_running_loop().time() - self._turn_since_s if self.load == (0, 0) else 0.0

    def begin(self, call: Call) -> None:
        self.calls[call.id] = call
        self._call_is_due = False
        self._send(call.kind, call.id, call.body)

    def forget(self, call: Call) -> None:
        """Drops the call's context if there is one."""
        if self.calls.pop(call.id, None) is not None and not self.lost.is_set():
            self._write(frames.frame(frames.DROP, call.id))

    def running(self) -> Call | None:
        """The call whose frame the process is working on."""
        return self.calls.get(self._unreplied[0]) if self._unreplied else None

    def long_running(self) -> Call | None:
        """The call whose frame it has been working on for so long that nothing is put behind it."""
        return self.running() if self.busy_s >= _PROMPT_S else None

    def is_behind_its_own(self, call: Call) -> bool:
        """Whether nothing of another tenant would be worked on before a call that begins here."""
        return all(before.tenant == call.tenant for before in self._before_it())

    @property
    def is_mixed(self) -> bool:
        """Whether calls of several tenants stand behind one another."""
        return len({call.tenant for call in self._before_it()}) > 1

    def take_back(self) -> list[Call]:
        """Takes what has not begun from behind another tenant's script that takes long."""
        running = self.long_running()
        if running is None:
            return []
        taken = [call for call in self._before_it() if not call.began and call.tenant != running.tenant]
        for call in taken:
            self.forget(call)
        return taken

    def _before_it(self) -> list[Call]:
        return [self.calls[call_id] for call_id in self._unreplied if call_id in self.calls]

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            # Not by its own method, which may take the exit status away from who waits for it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Kills it and waits until it is gone."""
        self.kill()
        if self._transport is not None:
            await self.lost.wait()
        if self._process is not None:
            await self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            for kind, call_id, body in frames.split(self._buffer, frames.LARGEST_REPLY):
                self._receive(kind, call_id, body)
        except ValueError:
            self.kill()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if not self._ready.done():
            self._ready.set_exception(ConnectionError("a sandbox process ended while it started"))
        self.kill()
        self.lost.set()

    def _receive(self, kind: int, call_id: int, body: bytes) -> None:
        if not self._ready.done():
            self._greet(kind, body)
            return
        if not self._unreplied or self._unreplied.popleft() != call_id:
            raise ValueError("a reply out of order")
        self.has_replied = True
        self._begin_turn()
        call = self.calls.get(call_id)
        if call is not None:
            if kind != frames.WAITING:
                del self.calls[call_id]
            call.receive(kind, body, lambda answer: self._answer(call, answer))
        self._feed()

    def _greet(self, kind: int, body: bytes) -> None:
        if kind == frames.REFUSED:
            self._ready.set_exception(LockdownRefused(body.decode()))
        elif kind == frames.READY:
            self._ready.set_result(None)
        else:
            raise ValueError("a reply before anything was asked")

    def _answer(self, call: Call, answer: bytes) -> None:
        if call.id in self.calls:
            self._backlog.append((call.id, answer))
            self._feed()

    def _feed(self) -> None:
        """Answers and new calls take turns: what was begun comes to an end, and keeps nobody from beginning."""
        while self._backlog and len(self._unreplied) < _WINDOW and not self.lost.is_set():
            if self._call_is_due:
                self._on_room()
                self._call_is_due = False
            else:
                call_id, answer = self._backlog.popleft()
                self._send(frames.ANSWER, call_id, answer)
                self._call_is_due = True
        self._mark_running()
        if self.has_room:
            self._on_room()

    def _send(self, kind: int, call_id: int, body: bytes) -> None:
        if not self._unreplied:
            self._begin_turn()
        self._unreplied.append(call_id)
        self._write(frames.frame(kind, call_id, body))
        self._mark_running()
        if self._watch is None:
            self._set_watch(self._turn_s())

    def _write(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def _mark_running(self) -> None:
        call = self.running()
        if call is not None:
            call.began = True

    def _begin_turn(self) -> None:
        self._suspected = False
        self._turn_since_s = asyncio.get_running_loop().time()
        self._turn_since_cpu_s = self._cpu_s()

    def _turn_s(self) -> float:
        call = self.running()
        return (call.longest_turn_s if call else 1.0) + self._grace_s

    def _set_watch(self, delay_s: float) -> None:
        self._watch = asyncio.get_running_loop().call_later(delay_s, self._look)

    def _look(self) -> None:
        """Kills the process when its turn took too much of its CPU time, or for far too long got none of it.

        CPU time, so that a script is not killed because others keep the cores, nor because we were held up.
        """
        self._watch = None
        if not self._unreplied:
            return
        left_s = self._turn_s() - (self._cpu_s() - self._turn_since_cpu_s)
        if left_s > 0 and self.busy_s < self._turn_s() * _STRETCH:
            self._set_watch(max(left_s, _READ_S))
        elif not self._suspected:
            self._suspected = True
            self._set_watch(_READ_S)
        else:
            self.overrun = self.running()
            self.kill()

    def _cpu_s(self) -> float:
        """CPU time of the process; elsewhere than on Linux the time that passes."""
        if sys.platform != "linux":
            return asyncio.get_running_loop().time()
        try:
            return time.clock_gettime(~self.pid << 3 | _CPUCLOCK_SCHED)
        except OSError:  # it is gone
            return 0.0
