"""JSONata's own test cases hold, but for those that are listed with their reason."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.jsonata.__main__ import failures
from tests.jsonata.known import KNOWN
from tests.jsonata.suite import fetch, read


@pytest.mark.engines
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo downloads the cases")
async def test_jsonatas_own_cases_hold_but_for_the_known_ones(tmp_path: Path) -> None:
    cases = list(read(await asyncio.to_thread(fetch, tmp_path)))
    assert len(cases) > 1500
    found = await failures(cases)
    assert {f"{group}/{case.name}" for group, failed in found.items() for case, _ in failed} == set(KNOWN)
