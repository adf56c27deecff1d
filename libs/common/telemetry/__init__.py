"""What the engine tells its operators: logs, metrics, traces."""

from dataclasses import dataclass

from libs.common.telemetry.logs import configure_logging
from libs.common.telemetry.metrics import METRICS_CONTENT_TYPE, Metrics
from libs.common.telemetry.tracing import (
    Tracing,
    configure_tracing,
    current_traceparent,
    new_traceparent,
    parse_traceparent,
)

__all__ = [
    "METRICS_CONTENT_TYPE",
    "Metrics",
    "Telemetry",
    "Tracing",
    "configure_logging",
    "configure_tracing",
    "current_traceparent",
    "new_traceparent",
    "parse_traceparent",
]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What is counted and what is traced."""

    metrics: Metrics
    tracing: Tracing
