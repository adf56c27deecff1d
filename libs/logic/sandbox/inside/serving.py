"""The loop of every sandbox process: lock down, then reply to frames on the socket until the parent closes it."""

import os
import sys
from collections.abc import Callable, Collection

from libs.logic.sandbox import frames
from libs.logic.sandbox.inside.lockdown import SOCKET, LockdownRefused, lock_down

Reply = tuple[int, bytes]
Handle = Callable[[int, int, bytes], Reply | None]


def serve(handle: Handle, seccomp: str, also: Collection[str] = (), rest: Callable[[], None] = lambda: None) -> None:
    """`also` names system calls needed beside the usual ones; `rest` is called whenever all is replied to."""
    try:
        lock_down(seccomp=seccomp != "off", also=also)
    except LockdownRefused as refused:
        _send(frames.REFUSED, 0, str(refused).encode())
        sys.exit(1)
    _send(frames.READY, 0)
    buffer = bytearray()
    while chunk := os.read(SOCKET, frames.READ_BYTES):
        buffer += chunk
        for kind, call_id, body in frames.split(buffer):
            reply = handle(kind, call_id, body)
            if reply is not None:
                _send(reply[0], call_id, reply[1])
        rest()


def _send(kind: int, call_id: int, body: bytes = b"") -> None:
    left = memoryview(frames.frame(kind, call_id, body))
    while left:
        left = left[os.write(SOCKET, left) :]
