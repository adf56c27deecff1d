"""`make bench` measures, accounts, and tells both people and programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

_ROOT = Path(__file__).parent.parent.parent


@pytest.mark.system
def test_a_figure_is_a_row_for_people_and_a_line_for_programs() -> None:
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "d"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figure = orjson.loads(done.stdout.splitlines()[-1])
    assert figure["figure"] == "d"
    assert figure["complete"]
    assert figure["ratio"] == pytest.approx(figure["value"] / figure["bare"], rel=0.01)
    assert "execute, pure data" in done.stdout


@pytest.mark.system
@pytest.mark.engines
@pytest.mark.timeout(200)
def test_on_engines_every_row_says_what_it_asked_of_store_and_bus(own_engines: object) -> None:
    command = ["make", "bench", "ENGINES=1", "ARGS=--quick --only a"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = [orjson.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert row["complete"]
    assert row["store_writes"] <= 4
    assert row["store_reads"] <= 1
    assert 0.9 < row["bus_messages"] < 1.1
