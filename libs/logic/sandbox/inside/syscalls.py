"""The system calls that a sandbox process may make, as a seccomp filter (BPF) for Linux."""

import errno
import struct
from collections.abc import Collection
from typing import Final

INSTRUCTION: Final = struct.Struct("=HBBI")

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_KILL = 0x80000000  # SECCOMP_RET_KILL_PROCESS
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM

# Offsets in struct seccomp_data; of an argument the lower half, which is all that these calls look at.
_NUMBER = 0
_ARCHITECTURE = 4
_ARGUMENTS = 16

_X32 = 0x40000000
_PROT_EXEC = 4
_MAP_ANONYMOUS = 0x20

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# Numbers on x86_64 and aarch64.
_NUMBERS = {
    "read": (0, 63),
    "write": (1, 64),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    # The allocators of C, Python and QuickJS.
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    # Clocks, where they need the kernel: CPU time always does.
    "clock_gettime": (228, 113),
    "gettimeofday": (96, 169),
    # Python's lock, its signal handlers, and waking from a stopped read.
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # Keys for scripts' random numbers.
    "getrandom": (318, 278),
    # The end, abort() included.
    "getpid": (39, 172),
    "gettid": (186, 178),
    "close": (3, 57),
    "exit": (60, 93),
    "exit_group": (231, 94),
}

EXTRA: Final = {
    # A limit on its own time or memory, which a child program may ask for; prlimit64 on itself alone.
    "setitimer": (38, 103),
    "prlimit64": (302, 261),
}

# What Python and its C library try by themselves, and can do without, when they look for a module, show a traceback,
# name memory or sort: they are told that they may not. Whoever calls anything else has broken out of the interpreter,
# and is killed.
_PROBES = {
    "openat": (257, 56),
    "newfstatat": (262, 79),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "ioctl": (16, 29),
    "readlinkat": (267, 78),
    "prctl": (157, 167),
    "sysinfo": (99, 179),
}
_PROBES_OF_X86 = {"stat": 4, "readlink": 89}

_Code = list[tuple[int, int, int, int]]


def program(machine: str, socket: int, also: Collection[str] = ()) -> bytes:
    """The filter as the kernel takes it. KeyError for a machine that isn't known."""
    architecture, column = _ARCHITECTURES[machine]
    allowed = _NUMBERS | {name: EXTRA[name] for name in also}
    code: _Code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        code += [(_IF_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for name, numbers in allowed.items():
        code += _if_number(numbers[column], _rule(name, socket))
    probes = [numbers[column] for numbers in _PROBES.values()]
    for number in probes + (list(_PROBES_OF_X86.values()) if machine == "x86_64" else []):
        code += _if_number(number, [(_RETURN, 0, 0, _REFUSE)])
    code.append((_RETURN, 0, 0, _KILL))
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in code)


def _if_number(number: int, rule: _Code) -> _Code:
    return [(_IF_EQUAL, 0, len(rule), number), *rule]


def _rule(name: str, socket: int) -> _Code:
    """What is decided once the call is known; ends in a return on every way."""
    match name:
        case "read" | "write":
            return _if_argument(0, _IF_EQUAL, socket, _ALLOW, _REFUSE)
        case "mmap":  # memory, never a file, and never code
            return [
                (_LOAD, 0, 0, _argument(3)),
                (_IF_ANY_BIT, 1, 0, _MAP_ANONYMOUS),
                (_RETURN, 0, 0, _KILL),
                *_if_argument(2, _IF_ANY_BIT, _PROT_EXEC, _KILL, _ALLOW),
            ]
        case "mprotect":
            return _if_argument(2, _IF_ANY_BIT, _PROT_EXEC, _KILL, _ALLOW)
        case "prlimit64":
            return _if_argument(0, _IF_EQUAL, 0, _ALLOW, _KILL)
        case _:
            return [(_RETURN, 0, 0, _ALLOW)]


def _if_argument(index: int, test: int, value: int, then: int, otherwise: int) -> _Code:
    return [(_LOAD, 0, 0, _argument(index)), (test, 0, 1, value), (_RETURN, 0, 0, then), (_RETURN, 0, 0, otherwise)]


def _argument(index: int) -> int:
    return _ARGUMENTS + 8 * index
