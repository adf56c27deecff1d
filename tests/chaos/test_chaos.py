"""A short chaos in each form; `make test-chaos` has the long one."""

from __future__ import annotations

import random
import sys

import pytest

from tests.chaos.run import run
from tests.chaos.systems import embedded, on_engines

_SEED = 20261125
_RATE_PER_S = 40.0


async def _suffers_well(form: object, capsys: pytest.CaptureFixture[str], seconds: float) -> None:
    chance = random.Random(_SEED)
    async with form(chance) as system:  # type: ignore[operator]
        account = await run(system, chance, seconds=seconds, rate_per_s=_RATE_PER_S, tell=lambda text: None)
        with capsys.disabled():
            sys.stdout.write("\n" + account.told())
        assert account.good, system.output()


@pytest.mark.system
@pytest.mark.timeout(180)
async def test_one_process_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    await _suffers_well(embedded, capsys, 12.0)


@pytest.mark.system
@pytest.mark.engines
@pytest.mark.timeout(280)
async def test_processes_on_engines_lose_nothing(capsys: pytest.CaptureFixture[str], own_engines: object) -> None:
    """On engines of its own, since they are killed; the fixture says whether there can be any."""
    await _suffers_well(on_engines, capsys, 20.0)
