"""`python -m services topics`: the bus's topics, made from their table."""

from __future__ import annotations

import argparse
import sys

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from libs.common.engines import create_topics
from libs.common.errors import Unavailable
from libs.common.settings import Settings

_WAITED_FOR_S = 60.0


async def make_topics(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Waits a minute for a bus that is down. Raises EngineRefused, Unavailable."""
    tries = AsyncRetrying(
        retry=retry_if_exception_type(Unavailable),
        stop=stop_after_delay(_WAITED_FOR_S),
        wait=wait_random_exponential(multiplier=0.5, max=5),
        before_sleep=_tell,
        reraise=True,
    )
    made: list[str] = await tries(create_topics, settings.bus_url)
    for name in made:
        sys.stdout.write(f"made {name}\n")
    sys.stdout.write("All topics are there.\n" if not made else f"{len(made)} topics were missing.\n")
    return 0


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    sys.stderr.write(f"{error}; trying again\n")
