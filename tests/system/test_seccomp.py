"""The product where no seccomp filter can be installed: it says so and does not start, unless told to do without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")]

# Forbids itself, and so what it becomes, to install further filters: prctl(PR_SET_SECCOMP) answers EPERM.
_FORBIDDEN = """
import ctypes, os, struct, sys
from libs.logic.sandbox.inside import syscalls
prctl = {"x86_64": 157, "aarch64": 167}[os.uname().machine]
code = [(32, 0, 0, 0), (21, 0, 3, prctl), (32, 0, 0, 16), (21, 0, 1, 22), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
text = b"".join(syscalls.INSTRUCTION.pack(*each) for each in code)
class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))
program, number = Program(len(code), text), ctypes.c_ulong
libc = ctypes.CDLL(None)
assert libc.prctl(38, number(1), number(0), number(0), number(0)) == 0
assert libc.prctl(22, number(2), number(ctypes.addressof(program)), number(0), number(0)) == 0
os.execv(sys.executable, [sys.executable, "-m", "services", *sys.argv[1:]])
"""


def start(data: Path, *, seccomp: str) -> subprocess.Popen[str]:
    settings = {"DATA_DIR": str(data), "PORT": "0", "SANDBOX_SECCOMP": seccomp}
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", _FORBIDDEN],
        cwd=root,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_without_seccomp_nothing_starts(tmp_path: Path) -> None:
    with start(tmp_path, seccomp="required") as process:
        _, told = process.communicate(timeout=25)
    assert process.returncode == 1
    assert "can't lock itself down" in told
    assert "SANDBOX_SECCOMP=off" in told
    assert "Traceback" not in told


def test_told_to_do_without_it_starts(tmp_path: Path) -> None:
    with start(tmp_path, seccomp="off") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.terminate()
        _, told = process.communicate(timeout=25)
    assert first.startswith("Interactor Engine")
    assert "sandbox_unfiltered" in told
