"""What operators read of the Kafka driver: a sentence when something is lost, a sentence when it is back."""

from __future__ import annotations

import logging
import time

import structlog

_CLIENT = "aiokafka"
_QUIET_S = 30.0


class Outage:
    """Logs `<name>_lost` once with the reason and `<name>_back` once, however often it is tried in between."""

    def __init__(self, name: str, **context: object) -> None:
        self._name = name
        self._context = context
        self._since: float | None = None

    def lost(self, reason: str, since: float | None = None) -> None:
        """`since` is the monotonic time of its last sign of life."""
        if self._since is None:
            self._since = since or time.monotonic()
            structlog.get_logger().warning(f"{self._name}_lost", reason=reason, **self._context)

    def over(self) -> None:
        if self._since is not None:
            lost_s = round(time.monotonic() - self._since, 1)
            self._since = None
            structlog.get_logger().info(f"{self._name}_back", lost_s=lost_s, **self._context)


class _ClientErrors(logging.Handler):
    """The client's errors as one line per part of it and half minute, without tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._quiet_until: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now < self._quiet_until.get(record.name, 0):
            return
        self._quiet_until[record.name] = now + _QUIET_S
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning("kafka_client", part=record.name, reason=record.getMessage(), error=error)


def quiet_client() -> None:
    """Its own lines, dozens a second with tracebacks while a broker is down, go nowhere else."""
    logger = logging.getLogger(_CLIENT)
    if not any(isinstance(handler, _ClientErrors) for handler in logger.handlers):
        logger.addHandler(_ClientErrors())
        logger.setLevel(logging.ERROR)
        logger.propagate = False
