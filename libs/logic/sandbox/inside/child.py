"""The sandbox process: runs each call's script in a QuickJS context of its own, as its parent's frames say.

Imports nothing that it doesn't need and knows no JSON: what scripts see and say passes through as text.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from time import process_time, tzset
from typing import Any

from _quickjs import JSException

from libs.logic.sandbox import frames
from libs.logic.sandbox.inside.prepared import Library, Prepared, Ready, install
from libs.logic.sandbox.inside.serving import Reply, serve

_SPARE_BYTES = 1 << 20
_WAITING_BYTES = 512 << 20
_CONSOLE_S = 0.02
_CONSOLE_BYTES = 4 << 20
_LONGEST_ERROR = 1 << 16
_CHECK_S = 1.0
_CHECK_BYTES = 64 << 20

_BEFORE = b"\n" * (frames.LINE_OFFSET - 1)
_FUNCTION = _BEFORE + b"true ? async function () {\n", b"\n} : 0"
# A script that closes the function around it, to go on in the program, can do so in one of these two but not in both:
# behind the function's brace, what may follow in the one may not in the other.
_METHOD = _BEFORE + b"({async m () {\n", b"\n}})"
# Before a program that is to be compiled and not to be run.
_NOTHING = "nothing is run"
_THROW = f"throw '{_NOTHING}';".encode()

_OUTCOMES = {"D": frames.DONE, "T": frames.THREW, "W": frames.WAITING}


class Overrun(Exception):
    """A budget of the call ran out; the argument is one of `frames.REASONS`."""


class Session:
    """One script and its context, from its start to its outcome."""

    def __init__(self, ready: Ready, library: Library, cpu_s: float, memory_bytes: int, output_bytes: int) -> None:
        self._ready = ready
        self._library = library
        self._context = ready.context
        self._context.set_memory_limit(memory_bytes)
        self._cpu_left_s = self._cpu_told_s = cpu_s
        self._memory_bytes = memory_bytes
        self._output_bytes = output_bytes

    def start(self, script: bytes, arguments: bytes) -> Reply:
        def begin() -> str:
            self._enter("give", self._context.parse_json(arguments.decode()))
            self._enter("run", self._compiled(script))
            return self._poll()

        return self._reply(begin)

    def settle(self, answer: bytes) -> Reply:
        def go_on() -> str:
            self._enter("settle", self._context.parse_json(answer.decode()))
            return self._poll()

        return self._reply(go_on)

    def check(self, script: bytes) -> Reply:
        """Compiles it without running any of it."""
        try:
            for before, after in (_FUNCTION, _METHOD):
                self._parse(_THROW + before + script + after)
        except Exception as error:
            return self._failed(error)
        return frames.PASSED, frames.CPU.pack(self._newly_used_s())

    def memory_bytes(self) -> int:
        return int(self._context.memory()["malloc_size"])

    def abandon(self, reason: str) -> Reply:
        return self._failed(Overrun(reason))

    def _compiled(self, script: bytes) -> Any:
        before, after = _FUNCTION
        return self._limited(self._context.eval, (before + script + after).decode())

    def _parse(self, program: bytes) -> None:
        try:
            self._limited(self._context.eval, program.decode())
        except JSException as error:
            if not str(error).startswith(_NOTHING):
                raise

    def _enter(self, operation: str, *given: Any) -> Any:
        return self._limited(self._ready.runtime, operation, *given)

    def _limited(self, call: Any, *given: Any) -> Any:
        """Calls into the engine with what is left of the CPU time.

        The engine's limit starts anew with every call and every job, so it is set before each.
        """
        if self._cpu_left_s <= 0:
            raise Overrun("cpu")
        self._context.set_time_limit(self._cpu_left_s)
        began_s = process_time()
        try:
            return call(*given)
        finally:
            self._cpu_left_s -= process_time() - began_s

    def _poll(self) -> str:
        """Runs all jobs that are due and answers where the script stands."""
        while self._limited(self._context.execute_pending_job):
            pass
        text = self._enter("poll")
        if text == "":
            self._limited(install, self._ready, self._library.report)
            text = self._enter("report")
        return str(text)

    def _reply(self, step: Callable[[], str]) -> Reply:
        # Whatever a script makes the engine raise ends this script and nothing else.
        try:
            text = step()
            kind, body = _OUTCOMES[text[0]], text[1:].encode()
            if len(body) > self._output_bytes:
                raise Overrun("output")
        except Exception as error:
            return self._failed(error)
        return kind, frames.CPU.pack(self._newly_used_s()) + body

    def _failed(self, error: Exception) -> Reply:
        reason = frames.REASONS.index(self._reason(error))
        head = frames.FAILED_HEAD.pack(self._newly_used_s(), reason)
        told = str(error)[:_LONGEST_ERROR].encode("utf-8", "replace")
        return frames.FAILED, b"\0".join((head + told, self._console()))

    def _reason(self, error: Exception) -> str:
        text = str(error)
        if isinstance(error, Overrun):
            return text
        if self._cpu_left_s < 0.001:
            return "cpu"
        # Without memory left for an exception the engine throws null.
        if isinstance(error, MemoryError) or text.startswith(("InternalError: out of memory", "null")):
            return "memory"
        return "script"

    def _console(self) -> bytes:
        """What the script had printed before a budget of it ran out."""
        with suppress(Exception):
            self._context.set_memory_limit(self._memory_bytes + _SPARE_BYTES)
            self._cpu_left_s = self._cpu_told_s = _CONSOLE_S
            self._limited(install, self._ready, self._library.report)
            printed = str(self._enter("printed")).encode()
            if len(printed) <= _CONSOLE_BYTES:
                return printed
        return b"[]"

    def _newly_used_s(self) -> float:
        used_s = self._cpu_told_s - self._cpu_left_s
        self._cpu_told_s = self._cpu_left_s
        return used_s


class Sandbox:
    """The sessions of one process and the frames that drive them."""

    def __init__(self) -> None:
        self._library = Library()
        self._prepared = Prepared(self._library)
        self._waiting: dict[int, tuple[Session, int]] = {}
        self._waiting_bytes = 0

    def handle(self, kind: int, call_id: int, body: bytes) -> Reply | None:
        if kind == frames.RUN:
            return self._run(call_id, body)
        if kind == frames.CHECK:
            return Session(self._prepared.take(0), self._library, _CHECK_S, _CHECK_BYTES, 0).check(body)
        session = self._taken(call_id)
        if kind == frames.DROP:
            return None
        return self._kept(call_id, session, session.settle(body)) if session else (frames.IGNORED, b"")

    def _run(self, call_id: int, body: bytes) -> Reply:
        cpu_s, memory_bytes, output_bytes, mask, length = frames.RUN_HEAD.unpack_from(body)
        start = frames.RUN_HEAD.size
        session = Session(self._prepared.take(mask), self._library, cpu_s, memory_bytes, output_bytes)
        reply = session.start(body[start : start + length], body[start + length :])
        return self._kept(call_id, session, reply)

    def rest(self) -> None:
        self._prepared.prepare()

    def _taken(self, call_id: int) -> Session | None:
        session, size_bytes = self._waiting.pop(call_id, (None, 0))
        self._waiting_bytes -= size_bytes
        return session

    def _kept(self, call_id: int, session: Session, reply: Reply) -> Reply:
        if reply[0] != frames.WAITING:
            return reply
        size_bytes = session.memory_bytes()
        told = reply[1][: frames.CPU.size] + frames.SIZE.pack(size_bytes) + reply[1][frames.CPU.size :]
        if self._waiting_bytes + size_bytes > _WAITING_BYTES:
            return session.abandon("waiting")
        self._waiting[call_id] = session, size_bytes
        self._waiting_bytes += size_bytes
        return frames.WAITING, told


def main(seccomp: str) -> None:
    # Scripts reckon in UTC, whatever zone the machine is in.
    os.environ["TZ"] = "UTC0"
    tzset()
    sandbox = Sandbox()
    serve(sandbox.handle, seccomp, rest=sandbox.rest)
