"""What a run started ends, exactly that, whoever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.engines.run_folder import RunFolder, end_run, still_running

_ROOT = Path(__file__).parent.parent.parent
_SLEEPS = "import sys, time; print('up', flush=True); time.sleep(600)"

_MAKER = f"""
import sys, time
from tests.engines.run_folder import RunFolder
run = RunFolder()
run.spawn("sleeper", [sys.executable, "-c", {_SLEEPS!r}, str(run.path)], run.path / "log")
print(run.pid("sleeper"), run.path, flush=True)
time.sleep(600)
"""


@pytest.fixture
def run() -> Iterator[RunFolder]:
    folder = RunFolder()
    yield folder
    folder.close()


def _sleeper(run: RunFolder, name: str = "sleeper") -> psutil.Process:
    run.spawn(name, [sys.executable, "-c", _SLEEPS, str(run.path)], run.path / f"{name}.log")
    return psutil.Process(run.pid(name))


def test_closing_ends_the_processes_and_removes_the_folder() -> None:
    run = RunFolder()
    sleepers = [_sleeper(run, "one"), _sleeper(run, "two")]
    run.close()
    assert not any(sleeper.is_running() for sleeper in sleepers)
    assert not run.path.exists()


def test_another_process_finds_what_a_released_run_left_running() -> None:
    run = RunFolder()
    sleeper = _sleeper(run)
    run.release()
    assert still_running(run.path) == {"sleeper": sleeper}
    end_run(run.path)
    assert still_running(run.path) == {}
    assert not sleeper.is_running()
    assert not run.path.exists()


def test_a_process_that_only_has_the_number_of_an_ended_one_is_left_alone(run: RunFolder) -> None:
    _sleeper(run)
    run.end("sleeper")
    innocent = subprocess.Popen([sys.executable, "-c", _SLEEPS], stdout=subprocess.DEVNULL)
    records = run.path / "processes.json"
    recorded = json.loads(records.read_text())
    recorded["sleeper"]["pid"] = innocent.pid
    records.write_text(json.dumps(recorded))
    try:
        assert still_running(run.path) == {}
        end_run(run.path)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_only_folders_of_runs_are_removed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing was removed"):
        end_run(tmp_path)
    assert tmp_path.exists()


def test_what_is_not_there_any_more_is_no_reason_to_fail(tmp_path: Path) -> None:
    end_run(tmp_path / "interactor-engines-gone")


def test_one_name_runs_once(run: RunFolder) -> None:
    _sleeper(run)
    with pytest.raises(RuntimeError, match="sleeper runs already"):
        _sleeper(run)


def test_when_its_maker_is_killed_the_processes_end_and_the_folder_goes() -> None:
    maker = subprocess.Popen([sys.executable, "-c", _MAKER], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    with maker.stdout as said:
        pid, path = said.readline().split()
        reaper = next(child for child in psutil.Process(maker.pid).children() if child.pid != int(pid))
        os.kill(maker.pid, signal.SIGKILL)
        maker.wait()
    reaper.wait(20)
    assert not psutil.pid_exists(int(pid))
    assert not Path(path).exists()
