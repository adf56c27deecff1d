"""A sandbox process that has been taken over: how it behaves is told by its argument."""

import os
import sys
from collections.abc import Callable

from libs.logic.sandbox import frames

_READY = frames.frame(frames.READY, 0)
_CPU = frames.CPU.pack(0.0)
_ENDLESS = b"x" * (1 << 20)


def _ask() -> int:
    """Waits for a frame and answers the id of its call."""
    return int(frames.HEADER.unpack_from(os.read(0, frames.READ_BYTES))[2])


def _answer(kind: int, body: bytes, *, call_id: int | None = None, greeting: bytes = _READY) -> None:
    os.write(0, greeting)
    asked = _ask()
    os.write(0, frames.frame(kind, asked if call_id is None else call_id, body))


def _talk(said: bytes, *, after_frame: bool = True) -> None:
    os.write(0, _READY)
    if after_frame:
        _ask()
    os.write(0, said)


def _talk_on() -> None:
    _talk(b"")
    while os.write(0, _ENDLESS):
        pass


def _end() -> None:
    _talk(b"")
    sys.exit(3)


_FORGED = _CPU + b'{"value":"forged"}'

BEHAVIOURS: dict[str, Callable[[], object]] = {
    "refuses": lambda: os.write(0, frames.frame(frames.REFUSED, 0, b"It can't be locked down, because of this test.")),
    "ends": lambda: sys.exit(3),
    "ends when asked": _end,
    "begins with noise": lambda: os.write(0, b"\xff" * 100),
    "begins with a reply": lambda: os.write(0, frames.frame(frames.DONE, 1)),
    "greets twice": lambda: _answer(frames.READY, b"", call_id=0),
    "replies for another": lambda: _answer(frames.DONE, _FORGED, call_id=99),
    "replies unasked": lambda: _talk(frames.frame(frames.DONE, 1, _FORGED), after_frame=False),
    "replies without a body": lambda: _answer(frames.DONE, b""),
    "replies what is no JSON": lambda: _answer(frames.DONE, _CPU + b"\xff\xfe"),
    "replies an unknown kind": lambda: _answer(77, _CPU),
    "fails for an unknown reason": lambda: _answer(frames.FAILED, frames.FAILED_HEAD.pack(0.0, 200) + b"a\0[]"),
    "waits without a size": lambda: _answer(frames.WAITING, _CPU),
    "gives CPU time back": lambda: _answer(frames.DONE, frames.CPU.pack(float("nan")) + b'{"value":1}'),
    "announces a gigabyte": lambda: _talk(frames.HEADER.pack(1 << 30, frames.DONE, 1)),
    "never stops talking": _talk_on,
}


def main(behaviour: str) -> None:
    BEHAVIOURS[behaviour]()
    os.read(0, 1)
