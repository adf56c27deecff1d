"""What is fetched is complete or not there, and what is missing for it is named."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import pytest

from tests.engines.cache import cached
from tests.engines.engines import which_kind
from tests.engines.errors import EnginesMissing
from tests.engines.native_kafka import kafka_broker
from tests.engines.native_mongo import mongo_program
from tests.engines.needs import missing_packages
from tests.engines.progress import run

_ROOT = Path(__file__).parent.parent.parent
_KILLED_HALFWAY = """
import os, signal
from tests.engines.cache import cached
def install(folder, lock):
    (folder / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)
cached("thing-1", install)
"""


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty yet."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def _whole(folder: Path, _lock: int) -> None:
    (folder / "whole").touch()


def test_an_interrupted_fetch_is_not_believed() -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED_HALFWAY], cwd=_ROOT, check=False)
    assert killed.returncode < 0
    assert [path.name for path in cached("thing-1", _whole).iterdir()] == ["whole"]


def test_what_is_there_is_not_fetched_again() -> None:
    def fail(_folder: Path, _lock: int) -> None:
        raise AssertionError("fetched again")

    assert cached("thing-1", _whole) == cached("thing-1", fail)


class Told(StringIO):
    """Does something as soon as anything is said."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self._then = then

    def flush(self) -> None:
        self._then()


def test_two_runs_at_once_fetch_once_and_the_second_says_that_it_waits() -> None:
    fetching, go_on = threading.Event(), threading.Event()
    fetched: list[Path] = []

    def install(folder: Path, _lock: int) -> None:
        fetching.set()
        assert go_on.wait(20)
        fetched.append(folder)

    first = threading.Thread(target=cached, args=("thing-1", install))
    first.start()
    assert fetching.wait(20)
    with redirect_stderr(Told(go_on.set)) as told:
        cached("thing-1", install)
    first.join()
    assert len(fetched) == 1
    assert told.getvalue() == "Another run is fetching thing-1; waiting for it\n"


def test_what_takes_long_says_so(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    def install(folder: Path, lock: int) -> None:
        run("Fetching", ["sh", "-c", f"read _ < {gate}"], folder.with_suffix(".log"), lock)

    with redirect_stderr(Told(lambda: gate.write_text("\n"))) as told:
        cached("thing-1", install)
    assert told.getvalue() == "Fetching: 1 s so far\n"


def test_a_failed_fetch_shows_the_end_of_its_output() -> None:
    def install(folder: Path, lock: int) -> None:
        run("Fetching", [sys.executable, "-c", "exit('no such host')"], folder.with_suffix(".log"), lock)

    with pytest.raises(EnginesMissing, match=r"(?s)Fetching failed with exit code 1; .*thing-1\.log\nno such host"):
        cached("thing-1", install)


@pytest.mark.usefixtures("programs")
def test_without_java_the_command_that_installs_it_is_named() -> None:
    with pytest.raises(EnginesMissing) as raised:
        kafka_broker()
    assert str(raised.value) == ("Kafka needs java 17 or newer. On Debian: sudo apt-get install default-jre-headless")


def test_an_old_java_counts_as_none(programs: Path) -> None:
    java = programs / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    with pytest.raises(EnginesMissing, match="Kafka needs java 17 or newer"):
        kafka_broker()


@pytest.mark.usefixtures("programs")
def test_all_that_compiling_lacks_is_named_at_once() -> None:
    with pytest.raises(EnginesMissing) as raised:
        mongo_program()
    assert str(raised.value) == (
        "Compiling the MongoDB-compatible server needs cargo 1.88 or newer (also from https://rustup.rs), a C compiler "
        "and make, cmake, the zlib headers. On Debian: sudo apt-get install cargo-web build-essential cmake zlib1g-dev"
    )


@pytest.mark.usefixtures("programs")
def test_the_packages_that_are_missing_can_be_asked_for() -> None:
    assert missing_packages() == [
        *("default-jre-headless", "maven"),
        *("cargo-web", "build-essential", "cmake", "zlib1g-dev"),
    ]


def test_an_unknown_kind_of_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINES", "podman")
    with pytest.raises(EnginesMissing, match="ENGINES=podman is unknown; it is docker or native"):
        which_kind()


def test_docker_that_was_asked_for_and_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINES", "docker")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EnginesMissing, match="no Docker daemon answers"):
        which_kind()


def test_a_daemon_decides_and_not_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENGINES", raising=False)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    assert which_kind() == "native"
