"""The doctor as a fixture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from libs.common.settings import Settings
from services.doctor.command import diagnose
from tests.operators.examination import Doctor, Told, arguments, told


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Doctor:
    """Asks about these settings, for these roles; secrets that it says are a failure, whatever else it says."""

    async def ask(*roles: str, secret: str = "hush", **settings: Any) -> Told:
        given = Settings(**{"data_dir": tmp_path / "data", **settings})
        code = await diagnose(given, arguments(*roles))
        out, err = capsys.readouterr()
        assert secret not in out + err
        assert err == ""
        return told(code, out)

    return ask
