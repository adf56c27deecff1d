"""`python -m services topics`: the bus's topics, made from their table."""

from __future__ import annotations

import argparse
import sys

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from libs.common.engines import create_topics
from libs.common.errors import Unavailable
from libs.common.findings import Finding
from libs.common.settings import Settings
from libs.common.telemetry import configure_logging

_WAITED_FOR_S = 60.0


async def make_topics(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Waits a minute for a bus that is down; a topic that differs is told and left as it is.

    Raises EngineRefused, Unavailable.
    """
    configure_logging("critical", json=False, stream=sys.stderr)
    tries = AsyncRetrying(
        retry=retry_if_exception_type(Unavailable),
        stop=stop_after_delay(_WAITED_FOR_S),
        wait=wait_random_exponential(multiplier=0.5, max=5),
        before_sleep=_tell,
        reraise=True,
    )
    created: tuple[dict[str, bool], list[Finding]] | None = await tries(create_topics, settings.bus_url)
    if created is None:
        sys.stdout.write("The bus is embedded in the store's file, so there are no topics to make.\n")
        return 0
    topics, differences = created
    for name, made in topics.items():
        sys.stdout.write(f"{'made' if made else 'there':7}{name}\n")
    for finding in differences:
        sys.stdout.write(f"{finding.level:7}{finding.what}\n")
    sys.stdout.write(f"{sum(topics.values())} of {len(topics)} topics were made.\n")
    return 0


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    left_s = _WAITED_FOR_S - (state.seconds_since_start or 0)
    sys.stderr.write(f"{error}; trying again for {left_s:.0f} s\n")
