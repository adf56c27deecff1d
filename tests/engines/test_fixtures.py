"""A test session gets engines, or one sentence, or where they are required a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent
_TESTS = """
import pytest

@pytest.mark.engines
def test_with_engines(own_kafka):
    pass

def test_without():
    pass
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "test_some.py").write_text(_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = engines\n")
    return tmp_path


def _run(session: Path, *arguments: str, **environment: str) -> str:
    """A session on a machine that has no programs, and nothing in its cache."""
    nothing = {"PATH": str(session), "XDG_CACHE_HOME": str(session), "ENGINES": "native", "REQUIRE_ENGINES": ""}
    kept = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.engines.fixtures", "-rsf", str(session), *arguments],
        cwd=_ROOT,
        env={**kept, **nothing, **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_without_engines_their_tests_are_skipped_with_one_sentence(session: Path) -> None:
    said = _run(session)
    assert "1 passed, 1 skipped" in said
    assert "Kafka needs java 17 or newer. On Debian: sudo apt-get install default-jre-headless" in said


def test_where_engines_are_required_a_skip_is_a_failure(session: Path) -> None:
    said = _run(session, REQUIRE_ENGINES="1")
    assert "1 passed, 1 error" in said
    assert "REQUIRE_ENGINES=1, and this was skipped: Skipped: Kafka needs java" in said


def test_nothing_is_fetched_for_a_session_without_tests_of_engines(session: Path) -> None:
    (session / "java").write_text("#!/bin/sh\ntouch $(dirname $0)/asked\n")
    (session / "java").chmod(0o755)
    assert "1 passed, 1 deselected" in _run(session, "-m", "not engines", PATH=f"{session}:{os.environ['PATH']}")
    assert not (session / "asked").exists()
