"""What the bench's processes say to each other: jobs and results, one JSON object per line."""

from __future__ import annotations

from dataclasses import dataclass, field

# Every id is this, then digits; it stands for itself wherever it appears in a request, an answer or a delivery.
ID_MARK = b"bench-"
ID_BYTES = len(ID_MARK) + 12
ID_PLACE = b"bench-############"


@dataclass(frozen=True, slots=True)
class Job:
    """One stretch of load. `request` holds ID_PLACE once where each request has an id.

    A closed loop keeps `connections` requests under way: a caller sends its next when the last was answered
    and, with `arrival`, has arrived at the sink. With `rate_per_s` requests leave by the clock instead. It ends
    after `seconds`, sooner after `count` requests.
    """

    port: int
    request: str
    seconds: float
    connections: int = 32
    count: int | None = None
    arrival: bool = False
    rate_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job. `unechoed` answers lacked their id; `lost` were answered and never arrived.

    `processor_s` is the generator's own; `served_s` the processor time of the server's whole process tree.
    """

    answered: int
    refused: int
    unechoed: int
    lost: int
    duplicates: int
    elapsed_s: float
    processor_s: float
    p50_ms: float
    p99_ms: float
    examples: list[str] = field(default_factory=list)
    served_s: float = 0.0

    @property
    def per_s(self) -> float:
        return self.answered / self.elapsed_s

    @property
    def clean(self) -> bool:
        return not (self.refused or self.unechoed or self.lost)
