"""Rounds of the product and of the bare server, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from tests.bench.wire import Result


@dataclass(frozen=True, slots=True)
class Compared:
    """The warm-up of the product is not measured, but what it sent is accounted for."""

    product: list[Result]
    bare: list[Result]
    warm_up: list[Result] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return median(result.per_s for result in self.product)

    @property
    def bare_per_s(self) -> float:
        return median(result.per_s for result in self.bare)

    @property
    def answered(self) -> int:
        return sum(result.answered for result in (*self.product, *self.warm_up))

    @property
    def clean(self) -> bool:
        return all(result.clean for result in self._all)

    def details(self) -> dict[str, float]:
        return {
            "p50_ms": median(result.p50_ms for result in self.product),
            "p99_ms": median(result.p99_ms for result in self.product),
            "processor_ms": median(1e3 * result.served_s / result.answered for result in self.product),
            "bare_p50_ms": median(result.p50_ms for result in self.bare),
            "bare_processor_ms": median(1e3 * result.served_s / result.answered for result in self.bare),
            "generator_share": max(result.processor_s / result.elapsed_s for result in (*self.product, *self.bare)),
        }

    def trouble(self) -> str:
        """What was refused, came back without its id, or is lost; empty if nothing."""
        if self.clean:
            return ""
        refused = sum(result.refused for result in self._all)
        unechoed = sum(result.unechoed for result in self._all)
        lost = sum(result.lost for result in self._all)
        examples = [example for result in self._all for example in result.examples]
        return f"refused {refused}, without id {unechoed}, LOST {lost}: {examples[:2]}"

    @property
    def _all(self) -> tuple[Result, ...]:
        return (*self.product, *self.bare, *self.warm_up)
