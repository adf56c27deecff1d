"""What was promised and what became of it: the checker, which knows nothing of the product but what it said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What should become of a webhook: by its name its event, its trigger, and its place at the sink are called."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    """The subscriber refuses its first attempt."""
    DROPPED = "dropped"
    """The trigger's hook answers null."""


class End(StrEnum):
    """How a notification stands in the product's own history."""

    DROPPED = "dropped"
    DEAD = "dead"
    UNDER_WAY = "under way"
    ROUTED = "routed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ids by what became of them. `lost`: acknowledged, and nothing came of it. `unknown`: it came to another end."""

    delivered: Sequence[str]
    dropped: Sequence[str]
    dead: Sequence[str]
    lost: Sequence[str]
    unknown: Sequence[str]
    repeated: int

    @property
    def good(self) -> bool:
        return not self.lost and not self.unknown


def verdict(acknowledged: Mapping[str, Kind], arrivals: Mapping[str, int], ends: Mapping[str, End]) -> Verdict:
    """`arrivals`: how often the subscriber took each id; `ends`: what the product says of those that it knows."""
    found: dict[str, list[str]] = {name: [] for name in ("delivered", "dropped", "dead", "lost", "unknown")}
    for id, kind in acknowledged.items():
        found[_became(kind, arrivals.get(id, 0), ends.get(id))].append(id)
    return Verdict(**found, repeated=sum(times - 1 for times in arrivals.values()))


def _became(kind: Kind, arrived: int, end: End | None) -> str:
    if kind is Kind.DROPPED:
        if arrived:
            return "unknown"
        return {None: "lost", End.DROPPED: "dropped"}.get(end, "unknown")
    if arrived:
        return "delivered"
    return {None: "lost", End.DEAD: "dead", End.ROUTED: "lost"}.get(end, "unknown")


@dataclass
class Series:
    """Counts by the second."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, at_s: float) -> None:
        self.counts[int(at_s)] += 1

    def keeps(self, per_s: float, since_s: int, seconds: int) -> bool:
        """Nine tenths of the rate altogether, and in no second less than half: a burst is not a rate."""
        counts = [self.counts[second] for second in range(since_s, since_s + seconds)]
        return sum(counts) >= 0.9 * per_s * seconds and min(counts) >= 0.5 * per_s


def back_at(rates: Sequence[tuple[Series, float]], since_s: float, until_s: float, window_s: int) -> int | None:
    """The first second from which every series kept its rate for a window; None if there is none."""
    for second in range(int(since_s) + 1, int(until_s) - window_s + 1):
        if all(series.keeps(per_s, second, window_s) for series, per_s in rates):
            return second
    return None
