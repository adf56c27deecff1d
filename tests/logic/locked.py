"""A program that locks a process down for each attempt to get out, and prints as JSON how each of them ended."""

import ctypes
import json
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from libs.logic.sandbox.inside.lockdown import lock_down
from libs.logic.sandbox.inside.syscalls import EXTRA

libc = ctypes.CDLL(None, use_errno=True)
PAGE = 4096
NOWHERE = ctypes.create_string_buffer(b"/tmp/sandbox-escaped")
HOSTS = ctypes.create_string_buffer(b"/etc/hosts")
SHELL = ctypes.create_string_buffer(b"/bin/true")
MEMORY = ctypes.create_string_buffer(PAGE)
CLONE_VM, CLONE_NEWUSER = 0x100, 0x10000000
NULL = ctypes.c_void_p(None)
PARENT = os.getpid()


def call(name: str, *arguments: object) -> Callable[[], int]:
    return lambda: int(getattr(libc, name)(*arguments))


def raw(number: int) -> Callable[[], int]:
    return lambda: int(libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0))


ATTEMPTS: dict[str, Callable[[], int]] = {
    # Files.
    "open": call("open", HOSTS, os.O_RDONLY),
    "creat": call("open", NOWHERE, os.O_CREAT | os.O_WRONLY, 0o600),
    "stat": lambda: len(os.stat("/etc/hosts")),
    "unlink": call("unlink", NOWHERE),
    "mkdir": call("mkdir", NOWHERE, 0o700),
    "symlink": call("symlink", HOSTS, NOWHERE),
    "rename": call("rename", HOSTS, NOWHERE),
    "chmod": call("chmod", HOSTS, 0o777),
    "chdir": call("chdir", HOSTS),
    "mount": call("mount", HOSTS, NOWHERE, SHELL, 0, NULL),
    "memfd_create": call("memfd_create", SHELL, 0),
    "inotify_init1": call("inotify_init1", 0),
    "readlink": call("readlink", HOSTS, MEMORY, PAGE),
    "map a file": call("mmap", NULL, PAGE, mmap.PROT_READ, mmap.MAP_PRIVATE, 0, 0),
    # Network, and what else is open.
    "socket": call("socket", socket.AF_INET, socket.SOCK_STREAM, 0),
    "socketpair": call("socketpair", socket.AF_UNIX, socket.SOCK_STREAM, 0, MEMORY),
    "connect": call("connect", 0, MEMORY, 16),
    "bind": call("bind", 0, MEMORY, 16),
    "sendmsg": call("sendmsg", 0, MEMORY, 0),
    "recvmsg": call("recvmsg", 0, MEMORY, 0),
    "dup": call("dup", 0),
    "pipe": call("pipe", MEMORY),
    "write elsewhere": call("write", 2, MEMORY, 1),
    "read elsewhere": call("read", 1, MEMORY, 1),
    "ioctl": call("ioctl", 0, 0x5401, MEMORY),
    "io_uring_setup": raw(425),
    # Processes.
    "fork": call("fork"),
    "clone": call("clone", MEMORY, MEMORY, CLONE_VM, NULL),
    "clone3": raw(435),
    "execve": call("execv", SHELL, NULL),
    "kill its parent": call("kill", PARENT, 0),
    "signal a thread": call("tgkill", PARENT, PARENT, 0),
    "ptrace": call("ptrace", 16, PARENT, NULL, NULL),
    "process_vm_readv": call("process_vm_readv", PARENT, NULL, 0, NULL, 0, 0),
    "pidfd_open": raw(434),
    "setpriority": call("setpriority", 0, 0, -5),
    "sched_setaffinity": call("sched_setaffinity", 0, 8, MEMORY),
    # Privileges and the kernel.
    "setuid": call("setuid", 0),
    "unshare": call("unshare", CLONE_NEWUSER),
    "chroot": call("chroot", HOSTS),
    "prctl": call("prctl", 1, 0, 0, 0, 0),
    "sysinfo": call("sysinfo", MEMORY),
    "seccomp": raw(317 if os.uname().machine == "x86_64" else 277),
    "bpf": raw(321 if os.uname().machine == "x86_64" else 280),
    "userfaultfd": raw(323 if os.uname().machine == "x86_64" else 282),
    "keyctl": raw(250 if os.uname().machine == "x86_64" else 219),
    "perf_event_open": raw(298 if os.uname().machine == "x86_64" else 241),
    "shmget": call("shmget", 0, PAGE, 0o1600),
    "reboot": call("reboot", 0),
    "uname": call("uname", MEMORY),
    "an unknown call": raw(1023),
    "a call of x32": raw(0x40000000 + 1),
    # Code of its own.
    "map code": call("mmap", NULL, PAGE, mmap.PROT_EXEC, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0),
    "make memory code": call("mprotect", ctypes.c_void_p(ctypes.addressof(MEMORY) & -PAGE), PAGE, 7),
    # More than the program asked for.
    "setitimer": call("setitimer", 0, NULL, NULL),
    "prlimit": call("prlimit", 0, 7, NULL, MEMORY),
    # What it may.
    "write to its socket": lambda: os.write(0, b""),
    "ask for memory": lambda: len(bytearray(32 << 20)),
    "ask for random bytes": lambda: len(os.urandom(32)),
    "ask for the time": lambda: time.process_time_ns() + time.time_ns(),
    "allowed setitimer": call("setitimer", 0, NULL, NULL),
    "allowed prlimit": call("prlimit", 0, 7, NULL, MEMORY),
    "allowed prlimit of its parent": call("prlimit", PARENT, 7, NULL, MEMORY),
}


def outcome(name: str, attempt: Callable[[], int]) -> str:
    """`done`, the name of an error, or that of the signal that killed it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        if (pid := os.fork()) == 0:
            _attempt(theirs, attempt, tuple(EXTRA) if name.startswith("allowed") else ())
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return ours.recv(100).decode()


def _attempt(theirs: socket.socket, attempt: Callable[[], int], also: tuple[str, ...]) -> None:
    os.dup2(theirs.fileno(), 0)
    lock_down(also=also)
    try:
        told = "done" if attempt() >= 0 else os.strerror(ctypes.get_errno())
    except OSError as error:
        told = str(error.strerror)
    os.write(0, told.encode())
    os._exit(0)


if __name__ == "__main__":
    json.dump({name: outcome(name, attempt) for name, attempt in ATTEMPTS.items()}, sys.stdout)
