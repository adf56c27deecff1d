"""The other kind of sandbox process: evaluates JSONata expressions, and core's functions where the input is large."""

import sys
from collections.abc import Callable
from time import process_time
from typing import Any

# Loaded by core's functions with their first use; when that comes, nothing can be opened any more.
import cryptography.hazmat.backends.openssl.backend  # noqa: F401
import orjson

from libs.logic.budget import exceeded
from libs.logic.core import LIBRARY
from libs.logic.errors import LogicError
from libs.logic.sandbox import frames
from libs.logic.sandbox.inside.expressions import Expressions
from libs.logic.sandbox.inside.limits import Limits, Overrun
from libs.logic.sandbox.inside.serving import Reply, serve
from libs.logic.values import exceeds

_CHECK_S = 1.0
_CHECK_BYTES = 64 << 20
_WARM_UP = '$fromMillis($toMillis("2001-01-01")) & $match("ä", /b/).index & $encodeUrl("ä") & $base64decode("YQ==")'


class Computer:
    """Replies to frames; whatever a computation raises ends it and nothing else."""

    def __init__(self) -> None:
        self._expressions = Expressions()
        self._warm_up()
        self._limits = Limits()

    def handle(self, kind: int, call_id: int, body: bytes) -> Reply | None:
        if kind == frames.COMPUTE:
            return self._compute(body)
        if kind == frames.CHECK:
            return self._within(lambda: self._expressions.check(body.decode()), _CHECK_S, _CHECK_BYTES)
        return None

    def _compute(self, body: bytes) -> Reply:
        cpu_s, memory_bytes, output_bytes, is_function, length = frames.COMPUTE_HEAD.unpack_from(body)
        start = frames.COMPUTE_HEAD.size
        text, written = body[start : start + length].decode(), body[start + length :]
        source = orjson.loads(written)

        def work() -> Any:
            if is_function:
                value = self._call(text, source)
            else:
                value = self._expressions.evaluate(text, source, has_nulls=b"null" in written)
            if exceeds(value, output_bytes):
                raise exceeded("output", f"the result is larger than {output_bytes:,} bytes")
            return value

        return self._within(work, cpu_s, memory_bytes)

    def _call(self, name: str, source: Any) -> Any:
        try:
            return LIBRARY[name].call(source)
        except (LogicError, MemoryError):
            raise
        except Exception as error:
            raise LIBRARY[name].failed(error) from error

    def _within(self, work: Callable[[], Any], cpu_s: float, memory_bytes: int) -> Reply:
        began_s = process_time()
        try:
            # Written without a limit on memory: the writer can't cope with one, and the size is known.
            kind, told = frames.DONE, _written(self._limits.run(work, cpu_s=cpu_s, memory_bytes=memory_bytes))
        except Overrun as overrun:
            self._expressions.forget()
            kind, told = frames.FAILED, str(overrun).encode()
        except MemoryError:
            self._expressions.forget()
            kind, told = frames.FAILED, b"memory"
        except LogicError as error:
            kind, told = frames.THREW, orjson.dumps(error.to_dict())
        return kind, frames.CPU.pack(process_time() - began_s) + told

    def _warm_up(self) -> None:
        """Has loaded what Python loads with its first use: nothing can be opened later."""
        self._expressions.evaluate(_WARM_UP, None)
        self._expressions.forget()


def _written(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise LogicError("script_error", f"The result can't be written as JSON: {error}.") from None


def main(seccomp: str) -> None:
    computer = Computer()
    # The library prints what it finds odd.
    sys.stdout = None
    serve(computer.handle, seccomp, also=("setitimer", "prlimit64"))
