"""`make demo` plays to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent


@pytest.mark.system
def test_every_step_of_the_demo_holds() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.demo"], cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "\x1b" not in done.stdout, "colour is for terminals"
