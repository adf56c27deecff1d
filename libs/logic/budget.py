"""What one evaluation may use, and the meter that counts it down."""

from dataclasses import dataclass
from math import inf
from time import monotonic

from libs.logic.errors import LogicError, Path
from libs.logic.values import exceeds

_MIB = 1 << 20
_COMPARED_PER_NODE = 4
MOST_AT_ONCE = 50
"""How many turns of all repeats of an evaluation may be under way at once."""


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

    __slots__ = (
        "budget",
        "cpu_left_s",
        "data_left_bytes",
        "deadline_s",
        "http_calls_left",
        "nodes_left",
        "places_left",
        "turn_began_s",
        "turn_is_over",
    )

    def __init__(self, budget: Budget, now_s: float) -> None:
        self.budget = budget
        self.deadline_s = now_s + budget.wall_s
        self.cpu_left_s = budget.cpu_s
        self.nodes_left: float = budget.nodes
        self.http_calls_left = budget.http_calls
        self.data_left_bytes: float = budget.data_bytes
        self.turn_began_s = monotonic()
        self.turn_is_over = False
        """Whether another turn is on its way, see `turns.give_way`."""
        self.places_left = MOST_AT_ONCE - 1

    def visit(self, nodes: float) -> None:
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
            self.check_size(inf)

    def check_size(self, size_bytes: float) -> None:
        """Refuses a result of this size."""
        if size_bytes > self.budget.output_bytes:
            raise exceeded("output", f"the result is larger than {self.budget.output_bytes:,} bytes")

    def compare(self, elements: int) -> None:
        """Counts what is compared of arrays, objects and long texts."""
        self.visit(elements / _COMPARED_PER_NODE)

    def take_places(self, wanted: int) -> int:
        """How many more turns of a `repeat` may be under way, of those that are wanted; to be given back."""
        taken = min(wanted, self.places_left)
        self.places_left -= taken
        return taken

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


def exceeded(budget: str, what: str, *, path: Path = ()) -> LogicError:
    return LogicError("budget_exceeded", f"The {budget} budget ran out: {what}.", path=path, details={"budget": budget})
