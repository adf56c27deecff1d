"""What a locked process can still do, whatever code runs in it: nothing but serve its socket."""

import errno
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from libs.logic.sandbox.inside import syscalls
from libs.logic.sandbox.inside.lockdown import LockdownRefused, filter_for
from libs.logic.sandbox.pool import SandboxPool
from tests.logic.locked import ATTEMPTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")

REFUSED = os.strerror(errno.EPERM)
# Python asks for these by itself, so they are refused and not answered with death.
PROBED = ("open", "creat", "stat", "readlink", "write elsewhere", "read elsewhere", "ioctl", "prctl", "sysinfo")
ALLOWED = (
    "write to its socket",
    "ask for memory",
    "ask for random bytes",
    "ask for the time",
    "allowed setitimer",
    "allowed prlimit",
)
_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """How every attempt ended; each ran in a process of its own."""
    program = [sys.executable, "-m", "tests.logic.locked"]
    ran = subprocess.run(program, cwd=_ROOT, capture_output=True, text=True, timeout=25)
    assert ran.returncode == 0, ran.stderr
    outcomes: dict[str, str] = json.loads(ran.stdout)
    return outcomes


@pytest.mark.parametrize("attempt", sorted(set(ATTEMPTS) - set(PROBED) - set(ALLOWED)))
def test_whoever_breaks_out_of_the_interpreter_is_killed(outcomes: dict[str, str], attempt: str) -> None:
    assert outcomes[attempt] == "SIGSYS"


@pytest.mark.parametrize("attempt", PROBED)
def test_what_python_tries_by_itself_is_refused(outcomes: dict[str, str], attempt: str) -> None:
    assert outcomes[attempt] == REFUSED


@pytest.mark.parametrize("attempt", ALLOWED)
def test_what_scripts_need_goes_on(outcomes: dict[str, str], attempt: str) -> None:
    assert outcomes[attempt] == "done"


def status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


async def test_every_sandbox_process_is_under_a_filter(pool: SandboxPool) -> None:
    [pid] = pool.pids
    assert "Seccomp:\t2" in status(pid)


async def test_an_operator_can_do_without_the_filter() -> None:
    pool = SandboxPool(size=1, seccomp="off")
    await pool.start()
    try:
        assert "Seccomp:\t0" in status(pool.pids[0])
    finally:
        await pool.close()


def test_a_machine_whose_calls_are_not_known_is_refused_with_what_to_do() -> None:
    with pytest.raises(LockdownRefused, match=r"'riscv64'.*SANDBOX_SECCOMP=off"):
        filter_for("riscv64")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_of_each_machine_ends_in_death_and_begins_with_the_machine(machine: str) -> None:
    program = syscalls.program(machine, 0, tuple(syscalls.EXTRA))
    code = list(syscalls.INSTRUCTION.iter_unpack(program))
    assert code[-1] == (0x06, 0, 0, 0x80000000)
    assert code[0] == (0x20, 0, 0, 4)
    assert len(code) < 4096


def test_this_machine_is_one_of_them() -> None:
    assert syscalls.program(platform.machine(), 0)
