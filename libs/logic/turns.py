"""How an evaluation shares the event loop: it runs for a short turn, then everything else has its own."""

import asyncio
from time import monotonic

from libs.logic.budget import Meter
from libs.logic.values import sizes

LONGEST_S = 0.002


async def give_way(meter: Meter) -> None:
    """Lets others have the event loop when the evaluation has held it for a turn, all its parts together."""
    while monotonic() - meter.turn_began_s > LONGEST_S:
        if not meter.turn_is_over:
            meter.turn_is_over = True
            asyncio.get_running_loop().call_soon(_begin_turn, meter)
        await asyncio.sleep(0)


async def check_output(meter: Meter, value: object) -> None:
    """Raises LogicError for a result over the budget, and gives way while it is measured."""
    for size in sizes(value):
        meter.check_size(size)
        await give_way(meter)


def _begin_turn(meter: Meter) -> None:
    meter.turn_is_over = False
    meter.turn_began_s = monotonic()
