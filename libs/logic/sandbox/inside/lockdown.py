"""What a sandbox process gives up before it reads its first frame: files, network, processes, privileges.

Meant for any child program whose one open door is a socket as its standard input. It imports everything first.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from libs.logic.sandbox.inside import syscalls

SOCKET: Final = 0

# The service goes first where both want a core.
_NICENESS = 5

# Where memory runs out, a sandbox goes first: its calls are told, and it is replaced.
_OOM_SCORE = Path("/proc/self/oom_score_adj")

_LIMITS = {
    resource.RLIMIT_AS: 1 << 30,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: 0,
    resource.RLIMIT_NPROC: 0,
}
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2


class LockdownRefused(OSError):
    """The system doesn't let a process lock itself down; the message is for the operator."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def lock_down(*, seccomp: bool = True, also: Collection[str] = (), limits: Mapping[int, int] | None = None) -> None:
    """Raises LockdownRefused. `also` names system calls of `syscalls.EXTRA`; `limits` change those on resources.

    Without seccomp, or elsewhere than on Linux, only the limits hold.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # where the system has no such file, or doesn't let it be written
        _OOM_SCORE.write_text("1000")
    for limit, most in {**_LIMITS, **(limits or {})}.items():
        resource.setrlimit(limit, (most, most))
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if seccomp:
            _filter_system_calls(also)


def filter_for(machine: str, also: Collection[str] = ()) -> bytes:
    """Raises LockdownRefused."""
    try:
        return syscalls.program(machine, SOCKET, also)
    except KeyError:
        raise LockdownRefused(_refusal(f"there is no list of system calls for {machine!r}")) from None


def _filter_system_calls(also: Collection[str]) -> None:
    code = filter_for(os.uname().machine, also)
    program = _Program(len(code) // syscalls.INSTRUCTION.size, code)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, value: int, address: int = 0) -> None:
    long = ctypes.c_ulong
    if ctypes.CDLL(None, use_errno=True).prctl(option, long(value), long(address), long(0), long(0)) != 0:
        raise LockdownRefused(_refusal(f"prctl({option}) answers: {os.strerror(ctypes.get_errno())}"))


def _refusal(why: str) -> str:
    return (
        f"The sandbox can't lock itself down, because {why}. Run on a kernel and under a container runtime that "
        "allow seccomp filters, or set SANDBOX_SECCOMP=off to run scripts without one."
    )
