"""What a run showed, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.ledger import Verdict

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Suffered:
    """A fault, how long after its end the full rate was back (None: not in time), and what was refused until then."""

    fault: str
    back_after_s: float | None
    refused: Mapping[str, int]

    def told(self) -> str:
        after = "NOT IN TIME" if self.back_after_s is None else f"after {self.back_after_s:.1f} s"
        return f"{self.fault:48} full rate back {after}; refused {_counts(self.refused)}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """All of one run. `broken` says in words what was changed and does not hold."""

    system: str
    sent: int
    answers: Mapping[str, int]
    answered_after_s: Sequence[float]
    arrived_after_s: Sequence[float]
    executes: Mapping[str, int]
    executions_kept: int
    suffered: Sequence[Suffered]
    verdict: Verdict
    changes: Mapping[str, int]
    changes_refused: Mapping[str, int]
    broken: Sequence[str]
    settled_after_s: float

    @property
    def good(self) -> bool:
        back = all(each.back_after_s is not None for each in self.suffered)
        return self.verdict.good and back and not self.broken

    def told(self) -> str:
        lines = (
            f"sent {self.sent}, answered {_counts(self.answers)}",
            self._ends(),
            f"  until answered {_spread(self.answered_after_s)}; until delivered {_spread(self.arrived_after_s)}",
            f"  all settled {self.settled_after_s:.0f} s after the last webhook",
            f"executes answered {_counts(self.executes)}; rows in their history {self.executions_kept}",
            f"changes acknowledged {_counts(self.changes)}; broken {len(self.broken)}",
            f"  refused {_counts(self.changes_refused)}",
            *(f"{name}: {id}" for name in ("lost", "unknown") for id in getattr(self.verdict, name)[:_SHOWN]),
            *self.broken[:_SHOWN],
        )
        return "".join(f"  {line}\n" for line in lines) + f"{self.system}: {'good' if self.good else 'NOT GOOD'}\n"

    def _ends(self) -> str:
        found = self.verdict
        ends = {
            "delivered": found.delivered,
            "dropped by the trigger": found.dropped,
            "dead letters": found.dead,
            "lost": found.lost,
            "unknown": found.unknown,
        }
        told = ", ".join(f"{name} {len(ids)}" for name, ids in ends.items())
        return f"acknowledged {sum(map(len, ends.values()))}: {told}; delivered once more {found.repeated}"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counted.items())) or "none"


def _spread(seconds: Sequence[float]) -> str:
    """Faults included, so the largest tell of those."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    at = {name: ordered[min(int(part * len(ordered)), len(ordered) - 1)] for name, part in _PARTS.items()}
    return ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in at.items())


_PARTS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
