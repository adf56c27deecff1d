"""The frames between a service and its sandbox processes: length, kind, call id, body."""

import struct
from collections.abc import Iterator
from typing import Final

# To the process. Every one gets exactly one reply, in order; DROP alone gets none.
RUN: Final = 1
ANSWER: Final = 2
CHECK: Final = 3
DROP: Final = 4
COMPUTE: Final = 5

# From the process.
READY: Final = 16
DONE: Final = 17
THREW: Final = 18
WAITING: Final = 19
FAILED: Final = 20
PASSED: Final = 21
IGNORED: Final = 22
REFUSED: Final = 23
"""Instead of READY, with a sentence: it does not serve."""

# Why a script FAILED without having thrown; PASSED has the CPU seconds that checking it took.
REASONS: Final = ("script", "cpu", "memory", "output", "waiting")

HEADER: Final = struct.Struct("!IBI")
RUN_HEAD: Final = struct.Struct("!dQQII")
"""CPU seconds, memory bytes, output bytes, libraries, length of the script; then the script, then its arguments."""
COMPUTE_HEAD: Final = struct.Struct("!dQQ?I")
"""CPU seconds, memory bytes, output bytes, whether it is one of core's functions, length of the expression or of the
function's name; then that, then the input as JSON. Replied to with the CPU seconds, then: DONE the value as JSON, THREW
an error as JSON, FAILED the budget's name."""
CPU: Final = struct.Struct("!d")
"""CPU seconds used since the call's last reply; the head of every reply to RUN and ANSWER."""
SIZE: Final = struct.Struct("!Q")
"""Bytes that the call's context holds; follows the CPU seconds in WAITING."""
FAILED_HEAD: Final = struct.Struct("!dB")
"""CPU seconds and index in REASONS; then message and stack, then a NUL and the console as JSON."""

READ_BYTES: Final = 1 << 18
LARGEST_BODY: Final = 1 << 28
# More than an output and a console take: whoever sends more has broken out.
LARGEST_REPLY: Final = 1 << 25

# The author's first line is evaluated as this one plus 1; our own files stay below it, so that a
# position in a stack tells whose it is.
LINE_OFFSET: Final = 1000


def used_s(body: bytes) -> float:
    """CPU seconds at the head of a reply; ValueError when they can't be."""
    seconds: float = CPU.unpack_from(body)[0]
    if seconds >= 0:
        return seconds
    raise ValueError("a reply gives CPU time back")


def frame(kind: int, call_id: int, body: bytes = b"") -> bytes:
    return HEADER.pack(len(body), kind, call_id) + body


def split(buffer: bytearray, largest_bytes: int = LARGEST_BODY) -> Iterator[tuple[int, int, bytes]]:
    """Takes the complete frames off the buffer; ValueError when a frame can't be one of ours."""
    at = 0
    try:
        while len(buffer) - at >= HEADER.size:
            length, kind, call_id = HEADER.unpack_from(buffer, at)
            if length > largest_bytes:
                raise ValueError("a frame is too large")
            end = at + HEADER.size + length
            if len(buffer) < end:
                return
            body = bytes(buffer[at + HEADER.size : end])
            at = end
            yield kind, call_id, body
    finally:
        del buffer[:at]
