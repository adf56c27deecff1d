"""What one evaluation may use, and the meter that counts it down."""

from collections.abc import Generator
from dataclasses import dataclass
from time import monotonic
from types import coroutine

from libs.logic.errors import LogicError, Path
from libs.logic.values import exceeds, sizes

_MIB = 1 << 20
_LONGEST_TURN_S = 0.002


@dataclass(frozen=True, slots=True)
class Budget:
    wall_s: float = 30.0
    cpu_s: float = 1.0
    """CPU time of all scripts of the evaluation together."""
    memory_bytes: int = 64 * _MIB
    """Memory of each script."""
    nodes: int = 100_000
    depth: int = 64
    """How many actions may be nested in one another."""
    output_bytes: int = 6 * _MIB
    http_calls: int = 50
    response_bytes: int = 10 * _MIB
    data_bytes: int = 64 * _MIB
    """What functions, expressions, scripts and answers to requests may yield in all."""


class Meter:
    """Counts down one evaluation's budget, nested actions included; `now_s` is the event loop's time."""

    __slots__ = ("_resumed_s", "budget", "cpu_left_s", "data_left_bytes", "deadline_s", "http_calls_left", "nodes_left")

    def __init__(self, budget: Budget, now_s: float) -> None:
        self.budget = budget
        self.deadline_s = now_s + budget.wall_s
        self.cpu_left_s = budget.cpu_s
        self.nodes_left = budget.nodes
        self.http_calls_left = budget.http_calls
        self.data_left_bytes: float = budget.data_bytes
        self._resumed_s = monotonic()

    async def pause(self) -> None:
        """Lets others have the event loop when this evaluation has held it for a while."""
        if monotonic() - self._resumed_s > _LONGEST_TURN_S:
            await _others_first()
            self._resumed_s = monotonic()

    def visit(self, nodes: int) -> None:
        self.nodes_left -= nodes
        if self.nodes_left < 0:
            raise exceeded("nodes", f"more than {self.budget.nodes:,} nodes were visited")

    def call_http(self, calls: int = 1) -> None:
        self.http_calls_left -= calls
        if self.http_calls_left < 0:
            raise exceeded("http_calls", f"more than {self.budget.http_calls} HTTP calls were made")

    def take_data(self, size_bytes: float) -> None:
        self.data_left_bytes -= size_bytes
        if self.data_left_bytes < 0:
            raise exceeded("data", f"more than {self.budget.data_bytes:,} bytes of data were made or fetched")

    def nest(self, chain: tuple[str, ...]) -> None:
        """Refuses to enter the last action of a chain of nested ones when the chain is too long."""
        if len(chain) > self.budget.depth:
            raise exceeded("depth", f"actions are nested deeper than {self.budget.depth}: {chain_told(chain)}")

    def check_output(self, value: object) -> None:
        if exceeds(value, self.budget.output_bytes):
            raise self._too_large()

    async def check_long_output(self, value: object) -> None:
        """Like `check_output`, and gives way in between."""
        for size in sizes(value):
            if size > self.budget.output_bytes:
                raise self._too_large()
            await self.pause()

    def _too_large(self) -> LogicError:
        return exceeded("output", f"the result is larger than {self.budget.output_bytes:,} bytes")

    def wall_left_s(self, now_s: float) -> float:
        return max(self.deadline_s - now_s, 0.0)

    def overdue(self) -> LogicError:
        return LogicError(
            "timeout",
            f"The evaluation took longer than its wall time budget of {self.budget.wall_s:g} s.",
            details={"budget": "wall"},
        )


def chain_told(chain: tuple[str, ...]) -> str:
    """Nested actions, outermost first; of a long chain both ends, which show where it goes round."""
    return " → ".join(chain if len(chain) <= 7 else (*chain[:3], "…", *chain[-3:]))


@coroutine
def _others_first() -> Generator[None, None, None]:
    """What `asyncio.sleep(0)` does, without asyncio, which sandbox processes can do without."""
    yield


def exceeded(budget: str, what: str, *, path: Path = ()) -> LogicError:
    return LogicError("budget_exceeded", f"The {budget} budget ran out: {what}.", path=path, details={"budget": budget})
