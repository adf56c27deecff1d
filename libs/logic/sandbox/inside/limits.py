"""What one computation may use within its process: CPU time and memory, looked at while it runs."""

import ctypes
import gc
import mmap
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time
from types import FrameType
from typing import TypeVar

Value = TypeVar("Value")

# How much CPU time goes by between two looks.
_LOOK_S = 0.005
# A computation is ended while there is still this much: without the last bytes Python can't even raise an error.
_HEADROOM_BYTES = 32 << 20
# Between computations the heap may have grown by what is kept, and by holes.
_GROWTH_BYTES = 24 << 20
# Whatever took longer may have left cycles and holes behind, which would count as the next computation's memory.
_LITTER_S = 0.01


class Overrun(BaseException):
    """Raised amid a computation when a budget has run out, which is its argument; no `except Exception` stops it."""


class Limits:
    """Made when everything is imported, so that what is there by then is nobody's."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        self._at_rest_bytes = _address_space_bytes()
        self._until_s: float | None = None
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        signal.signal(signal.SIGPROF, self._look)

    def run(self, work: Callable[[], Value], *, cpu_s: float, memory_bytes: int) -> Value:
        """Raises Overrun; or MemoryError, when much was wanted at once."""
        began_s = process_time()
        try:
            self._limit_memory(memory_bytes)
            self._until_s = began_s + cpu_s
            signal.setitimer(signal.ITIMER_PROF, _LOOK_S, _LOOK_S)
            return work()
        finally:
            self._stop()
            if process_time() - began_s > _LITTER_S:
                self._tidy()

    def _stop(self) -> None:
        with suppress(Overrun):
            self._until_s = None
        self._until_s = None
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._limit_memory(None)

    def _tidy(self) -> None:
        gc.collect()
        if self._trim is not None:
            self._trim(0)

    def _limit_memory(self, size_bytes: int | None) -> None:
        """Limits the process's address space; None lifts the limit."""
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = hard
        if self._at_rest_bytes and size_bytes is not None:
            wanted = self._at_rest_bytes + _GROWTH_BYTES + size_bytes + _HEADROOM_BYTES
            soft = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

    def _look(self, signal_number: int, frame: FrameType | None) -> None:
        if self._until_s is None:
            return
        if process_time() >= self._until_s:
            raise Overrun("cpu")
        if not _has_headroom():
            self._limit_memory(None)
            raise Overrun("memory")


def _has_headroom() -> bool:
    try:
        mmap.mmap(-1, _HEADROOM_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    return True


def _address_space_bytes() -> int:
    """0 where the system doesn't tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()
