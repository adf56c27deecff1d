"""A call into a sandbox as its service sees it: what was sent, what came back, what it means."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import orjson

from libs.logic.budget import exceeded
from libs.logic.errors import LogicError
from libs.logic.sandbox import frames
from libs.logic.sandbox.job import Job
from libs.logic.sandbox.shares import Shares
from libs.logic.values import container_bytes, cost_bytes, parse

_AUTHORS_POSITION = re.compile(r"<input>:(\d{4,9}):(\d{1,9})\b")
_THROWS_NULL = re.compile(rb"(?:\bthrow|reject\w*\s*\()\s*null\b")
_LONGEST_MESSAGE = 2000
# CPU time in which nothing fills the memory of a script.
_SHORTEST_FILL_S = 0.003

# How soon a script's timer may ring, and by how much later each of them, so that intervals keep their host less
# and less busy: after a second it is some hundred times, in half a minute some hundreds.
_SHORTEST_WAKE_S = 0.001
_LATER_S = 0.0001
_LONGEST_WAKE_S = 3600.0
_WAKE = b'{"wake":true}'


class Call:
    """A frame that begins something in a process, and the future of what comes of it."""

    def __init__(self, call_id: int, kind: int, body: bytes, job: Job | None, shares: Shares, tenant: str) -> None:
        self.id = call_id
        self.kind = kind
        self.body = body
        self.job = job
        self.tenant = tenant
        self.longest_turn_s = job.meter.cpu_left_s if job else 1.0
        """CPU time that it may take, as the process is told."""
        self.queued_s = 0.0
        """Since when it has waited for a process."""
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.began = False
        """Whether the process may have run a part of it."""
        self.called_host = False
        self.losses = 0
        self._shares = shares
        self._waiting_bytes = 0
        self._requests: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        """Set for the script's next timer; it has one at a time."""
        self._wakes = 0

    def receive(self, kind: int, body: bytes, answer: Callable[[bytes], None]) -> None:
        """Takes a reply of the process; `answer` sends it what the script waits for."""
        if self.future.done() or self.job is None:
            return
        try:
            if kind == frames.WAITING:
                self._ask_host(self.job, body, answer)
            else:
                self.finish(_outcome(self.job, kind, body))
        except LogicError as error:
            self.fail(error)
        except Exception:
            # Whatever a script made of its reply is its own failure, never its process's.
            self.fail(LogicError("script_error", "The script changed what its outcome is written with."))

    def finish(self, value: Any) -> None:
        if not self.future.done():
            self.future.set_result(value)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def overran(self) -> None:
        """Ends it because its process hung and had to be killed."""
        if self.job is not None:
            self.job.meter.cpu_left_s = 0.0
            self.fail(out_of_cpu(self.job))

    def release(self) -> None:
        """Stops what is still being done for it, and gives back what it had."""
        self._go_on()
        for request in self._requests:
            request.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        self.future.cancel()

    def _wait(self, size_bytes: int) -> None:
        self._go_on()
        self._shares.wait(self.tenant, size_bytes)
        self._waiting_bytes = size_bytes

    def _go_on(self) -> None:
        self._shares.go_on(self.tenant, self._waiting_bytes)
        self._waiting_bytes = 0

    def _ask_host(self, job: Job, body: bytes, answer: Callable[[bytes], None]) -> None:
        told = _metered(job, body)
        self._wait(frames.SIZE.unpack_from(told)[0])
        asked = _asked(job, told[frames.SIZE.size :])
        for wake in [each["wake"] for each in asked if "wake" in each][-1:]:
            self._set_alarm(wake, answer)
        requests = [each for each in asked if "wake" not in each]
        outgoing = sum("hash" not in request for request in requests)
        job.meter.call_http(outgoing)
        self.called_host |= outgoing > 0
        for request in requests:
            task = asyncio.create_task(self._answer(job, request, answer))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    def _set_alarm(self, delay_ms: Any, answer: Callable[[bytes], None]) -> None:
        """Answers once the script's next timer is due; the wall time budget ends what waits too long."""
        if self._alarm is not None:
            self._alarm.cancel()
        given_s = delay_ms / 1000 if isinstance(delay_ms, int | float) else 0.0
        delay_s = max(_SHORTEST_WAKE_S + self._wakes * _LATER_S, min(given_s, _LONGEST_WAKE_S))
        self._wakes += 1
        self._alarm = asyncio.get_running_loop().call_later(delay_s, answer, _WAKE)

    async def _answer(self, job: Job, request: dict[str, Any], answer: Callable[[bytes], None]) -> None:
        call_id = request.get("id")
        try:
            try:
                told = await job.answer(request)
            except LogicError as error:
                job.faults[call_id if isinstance(call_id, int) else 0] = error
                told = {"error": {"message": error.message, "code": error.code}}
            answer(orjson.dumps({**told, "id": call_id}))
        except Exception as error:
            # What else goes wrong in the host is for who evaluates, not for the script.
            self.fail(error)


def _asked(job: Job, text: bytes) -> list[dict[str, Any]]:
    # What a script sends is no data, but would be large in our memory if it were made to be.
    job.meter.take_data(container_bytes(text))
    return [each for each in _list(_read(text)) if isinstance(each, dict)]


def _outcome(job: Job, kind: int, body: bytes) -> Any:
    if kind == frames.FAILED:
        raise _failed(job, body)
    text = _metered(job, body)
    job.meter.take_data(cost_bytes(text))
    outcome = _read(text)
    if not isinstance(outcome, dict):
        raise LogicError("script_error", "The script changed what its result is written with.")
    job.console.add(_list(outcome.get("console")))
    if kind == frames.THREW:
        raise _thrown(job, outcome)
    return outcome.get("value")


def _metered(job: Job, body: bytes) -> bytes:
    """Counts the CPU time at the head of a reply and answers the rest."""
    used_s = frames.used_s(body)
    job.used_s += used_s
    job.meter.cpu_left_s -= used_s
    return body[frames.CPU.size :]


def _read(text: bytes) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise LogicError("script_error", f"The script's result can't be read as JSON: {error}.") from None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _thrown(job: Job, outcome: dict[str, Any]) -> LogicError:
    message = str(outcome.get("message"))[:_LONGEST_MESSAGE]
    fault = outcome.get("fault")
    known = job.faults.get(fault) if isinstance(fault, str | int) else None
    if known is None and (message == "InternalError: out of memory" or _ran_full(job, outcome)):
        known = _out_of_memory(job)
    details = _position(str(outcome.get("stack")), job.script) | _console(job)
    if isinstance(outcome.get("status"), int):
        details |= {"status": outcome["status"], "body": str(outcome.get("body"))}
    if known is not None:
        return LogicError(known.code, known.message, details=known.details | details)
    return LogicError("script_error", message, details=details)


def _ran_full(job: Job, outcome: dict[str, Any]) -> bool:
    """Whether a null was thrown by the engine, as it does without memory left for an exception.

    No script fills its memory at once, and few say that they throw null themselves.
    """
    return bool(outcome.get("null")) and job.used_s > _SHORTEST_FILL_S and not _THROWS_NULL.search(job.script)


def _failed(job: Job, body: bytes) -> LogicError:
    job.meter.cpu_left_s -= frames.used_s(body)
    reason, message, stack, console = _parts(body)
    job.console.add(_list(_read(console)))
    message, position = _placed(message, stack, job.script)
    error = _ended(job, reason, message)
    error.details |= position | _console(job)
    return error


def _ended(job: Job, reason: str, message: str) -> LogicError:
    if reason == "cpu":
        return out_of_cpu(job)
    if reason == "memory":
        return _out_of_memory(job)
    if reason == "output":
        limit = job.meter.budget.output_bytes
        return exceeded("output", f"the script returned or sent more than {limit:,} bytes at once")
    if reason == "waiting":
        return LogicError("sandbox_full", "The sandbox has no memory for another waiting script; try again.")
    return LogicError("script_error", message[:_LONGEST_MESSAGE])


def out_of_cpu(job: Job) -> LogicError:
    return exceeded("cpu", f"the scripts used more than {job.meter.budget.cpu_s:g} s of CPU time")


def _out_of_memory(job: Job) -> LogicError:
    limit = job.meter.budget.memory_bytes
    return exceeded("memory", f"the script needed more than {limit:,} bytes, or threw null")


def _parts(body: bytes) -> tuple[str, str, str, bytes]:
    """Reason, message, stack and console of a FAILED reply."""
    _, reason = frames.FAILED_HEAD.unpack_from(body)
    text, _, console = body[frames.FAILED_HEAD.size :].rpartition(b"\0")
    message, _, stack = text.decode("utf-8", "replace").partition("\n")
    return frames.REASONS[reason], message, stack, console


def fault_of(body: bytes, script: bytes) -> tuple[str, dict[str, int]]:
    """Why a script can't be compiled, from a FAILED reply, and where."""
    _, message, stack, _ = _parts(body)
    return _placed(message, stack, script)


def _placed(message: str, stack: str, script: bytes) -> tuple[str, dict[str, int]]:
    """A message and its place; what is said of our own lines behind the script means its end."""
    line, column = _line_and_column(stack)
    if message.startswith("SyntaxError") and line > script.count(b"\n") + 1:
        message = "SyntaxError: the script ends while something is still open, or has closed more than it opened"
    return message, _place(line, column, script)


def _position(stack: str, script: bytes) -> dict[str, int]:
    return _place(*_line_and_column(stack), script)


def _place(line: int, column: int, script: bytes) -> dict[str, int]:
    """A place in the author's own source; the last one for what lies behind it."""
    if line < 0:
        return {}
    if line > script.count(b"\n") + 1:
        *before, last = script.rstrip().split(b"\n")
        line, column = len(before) + 1, len(last.decode()) + 1
    return {"script_line": max(line, 1), "script_column": column}


def _line_and_column(stack: str) -> tuple[int, int]:
    """The topmost place that is not in our own files, by the author's lines; -1 when there is none."""
    for found in _AUTHORS_POSITION.finditer(stack):
        line = int(found[1]) - frames.LINE_OFFSET
        if line >= 0:
            return line, int(found[2])
    return -1, 0


def _console(job: Job) -> dict[str, Any]:
    return {"console": list(job.console.lines)} if job.console.lines else {}
